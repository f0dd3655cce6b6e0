package portal

import (
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// FaultStatus returns the row of the result list for a structural refusal.
func FaultStatus(f identity.Fault) verify.PortalStatus {
	switch f {
	case identity.FaultMalformed, identity.FaultQR:
		return verify.Status051
	case identity.FaultProvince:
		return verify.Status052
	case identity.FaultBenefit:
		return verify.Status053
	}
	return verify.Status205
}

// RefusalStatus returns the row for a refusal at a lookup. What a client can mend by logging in again is 401; what it
// can only wait for is 101, because clients of this contract discard other HTTP statuses and show 101 as "try again".
func RefusalStatus(r verify.Refusal) verify.PortalStatus {
	switch r {
	case verify.RefusalKeyMissing, verify.RefusalKeyMalformed, verify.RefusalKeyUnknown, verify.RefusalKeyExpired, verify.RefusalKeyRevoked,
		verify.RefusalTokenExpired, verify.RefusalTokenRevoked, verify.RefusalReplayed, verify.RefusalCertificate, verify.RefusalCertificateRevoked,
		verify.RefusalScope, verify.RefusalPurpose:
		return verify.Status401
	case verify.RefusalBody, verify.RefusalField, verify.RefusalBodyTooLarge, verify.RefusalStaffMissing,
		verify.RefusalIdentifierMissing, verify.RefusalIdentifierMany, verify.RefusalClaimsMissing:
		return verify.Status205
	case verify.RefusalInternal:
		return verify.Status500
	case verify.RefusalUnavailable, verify.RefusalWithheld: // a withheld answer must look like no answer, never like "no"
		return verify.Status100
	}
	return verify.Status101
}

// twoDigit is the result list of the oldest call. What it has no word for is told by the nearest honest one: a card
// kept elsewhere is "the register could not be read", never "does not exist".
var twoDigit = [...]string{
	verify.Status000:   "00",
	verify.Status001:   "10",
	verify.Status002:   "10",
	verify.StatusOther: "10",
	verify.Status003:   "01",
	verify.Status004:   "00",
	verify.Status010:   "01",
	verify.Status050:   "05",
	verify.Status051:   "05",
	verify.Status052:   "05",
	verify.Status053:   "05",
	verify.Status054:   "09",
	verify.Status055:   "09",
	verify.Status060:   "06",
	verify.Status061:   "06",
	verify.Status070:   "07",
	verify.Status080:   "08",
	verify.Status090:   "09",
	verify.Status100:   "10",
	verify.Status101:   "10",
	verify.Status110:   "01",
	verify.Status120:   "01",
	verify.Status121:   "01",
	verify.Status122:   "01",
	verify.Status123:   "01",
	verify.Status124:   "01",
	verify.Status130:   "00",
	verify.Status205:   "09",
	verify.Status401:   "401",
	verify.Status500:   "10",
}

// code returns maKetQua for a call.
func code(call Call, s verify.PortalStatus, reason verify.Reason) string {
	switch {
	case call != CallLookup2017:
		return s.Code()
	case reason == verify.ReasonNotYetValid:
		return "02"
	}
	return twoDigit[s]
}
