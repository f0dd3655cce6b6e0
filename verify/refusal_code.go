package verify

var refusalCodes = [Refusals]string{
	RefusalNone:               "",
	RefusalKeyMissing:         "key_missing",
	RefusalKeyMalformed:       "key_malformed",
	RefusalKeyUnknown:         "key_unknown",
	RefusalKeyExpired:         "key_expired",
	RefusalKeyRevoked:         "key_revoked",
	RefusalTokenExpired:       "token_expired",
	RefusalTokenRevoked:       "token_revoked",
	RefusalReplayed:           "assertion_replayed",
	RefusalCertificate:        "certificate_mismatch",
	RefusalCertificateRevoked: "certificate_revoked",
	RefusalScope:              "scope_missing",
	RefusalPurpose:            "purpose_not_allowed",
	RefusalSuspended:          "caller_suspended",
	RefusalHarvest:            "harvest_suspected",
	RefusalHarvestSlow:        "harvest_suspected",
	RefusalStaffMissing:       "staff_missing",
	RefusalRate:               "rate_limited",
	RefusalConcurrency:        "rate_limited",
	RefusalQuota:              "quota_exhausted",
	RefusalOverloaded:         "overloaded",
	RefusalUnavailable:        "unavailable",
	RefusalIdentifierMissing:  "identifier_missing",
	RefusalIdentifierMany:     "identifier_ambiguous",
	RefusalClaimsMissing:      "claims_missing",
	RefusalBody:               "body_malformed",
	RefusalField:              "field_unknown",
	RefusalBodyTooLarge:       "body_too_large",
	RefusalHeaderTooLarge:     "header_too_large",
	RefusalMediaType:          "media_type_unsupported",
	RefusalMethod:             "method_not_allowed",
	RefusalPath:               "path_unknown",
	RefusalTimeout:            "request_timeout",
	RefusalInternal:           "internal",
	RefusalWithheld:           "outcome_withheld",
}

// Code returns the refusal's stable code of the native API, which is also what audit records carry. RefusalNone has
// the empty code; two refusals that a caller need not tell apart share one.
func (r Refusal) Code() string {
	if r < Refusals {
		return refusalCodes[r]
	}
	return refusalCodes[RefusalInternal]
}
