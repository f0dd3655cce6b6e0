package portal

import "github.com/verigate/verigate/verify"

// Call is one call of the contract.
type Call uint8

// The calls, oldest generation of lookups first.
const (
	CallNone       Call = iota
	CallToken           // /api/token/take
	CallLookup2017      // nhanLichSuKCB, two-digit codes
	CallLookup595       // KQNhanLichSuKCB595
	CallLookup2018      // NhanLichSuKCB2018
	CallLookup2019      // KQNhanLichSuKCB2019
	CallLookup2024      // KQNhanLichSuKCB2024, names the officer
	CallHistory         // Lskcb2025, names the officer
	CallDetail          // nhanHoSoKCBChiTiet
	Calls               // how many there are
)

var callNames = [Calls]string{"", "portal_token", "portal_2017", "portal_595", "portal_2018", "portal_2019", "portal_2024",
	"portal_history", "portal_detail"}

var callPaths = [Calls]string{"", "/api/token/take", "/api/egw/nhanLichSuKCB", "/api/egw/KQNhanLichSuKCB595", "/api/egw/NhanLichSuKCB2018",
	"/api/egw/KQNhanLichSuKCB2019", "/api/egw/KQNhanLichSuKCB2024", "/api/egw/Lskcb2025", "/api/egw/nhanHoSoKCBChiTiet"}

// Path returns the call's path as the documents write it.
func (c Call) Path() string { return callPaths[c] }

// String returns the call's name in metrics.
func (c Call) String() string { return callNames[c] }

// NamesOfficer tells whether the call must name the officer who asks.
func (c Call) NamesOfficer() bool { return c == CallLookup2024 || c == CallHistory }

// ClaimsAll tells whether the call also claims sex and facility.
func (c Call) ClaimsAll() bool { return c == CallLookup2017 || c == CallLookup595 }

// Carries returns which parts of an answer the call's reply has a place for. The two-digit codes of the oldest call tell
// a reason only now and then; it counts as told.
func (c Call) Carries() verify.Parts {
	const codes = verify.PartResults | verify.PartReason | verify.PartDeceased
	switch c {
	case CallLookup2017:
		return codes
	case CallHistory:
		return codes | verify.PartHolder | verify.PartNote
	case CallLookup595:
		return codes | verify.PartHolder | verify.PartName | verify.PartSex | verify.PartAddress | verify.PartOffice |
			verify.PartValidity | verify.PartFacility | verify.PartArea | verify.PartFiveYears
	}
	return codes | verify.PartHolder | verify.PartSuccessor | verify.PartNote | verify.PartsCoverage | verify.PartsPerson
}

const maxPath = 64

// Route finds the call of a path without regard to letter case, to a base path that some client has doubled, to the
// "KQ" that only some generations begin with, and to a slash at the end. It does not allocate.
func Route(path []byte) Call {
	if len(path) > 2*maxPath {
		return CallNone
	}
	var buf [2 * maxPath]byte
	p := lower(buf[:0], path)
	for len(p) > 0 && p[len(p)-1] == '/' {
		p = p[:len(p)-1]
	}
	rest, ok := afterLast(p, "/api/")
	if !ok {
		return CallNone
	}
	switch string(rest) {
	case "token/take":
		return CallToken
	case "egw/nhanlichsukcb", "egw/kqnhanlichsukcb":
		return CallLookup2017
	case "egw/nhanlichsukcb595", "egw/kqnhanlichsukcb595":
		return CallLookup595
	case "egw/nhanlichsukcb2018", "egw/kqnhanlichsukcb2018":
		return CallLookup2018
	case "egw/nhanlichsukcb2019", "egw/kqnhanlichsukcb2019":
		return CallLookup2019
	case "egw/nhanlichsukcb2024", "egw/kqnhanlichsukcb2024":
		return CallLookup2024
	case "egw/lskcb2025":
		return CallHistory
	case "egw/nhanhosokcbchitiet", "egw/kqnhanhosokcbchitiet":
		return CallDetail
	}
	return CallNone
}

// afterLast returns what follows the last base path, provided that nothing but base paths comes before it.
func afterLast(p []byte, base string) (rest []byte, ok bool) {
	if len(p) < len(base) || string(p[:len(base)]) != base {
		return nil, false
	}
	for i := len(p) - len(base); i >= 0; i-- {
		if string(p[i:i+len(base)]) == base {
			return p[i+len(base):], true
		}
	}
	return nil, false
}

func lower(dst, b []byte) []byte {
	for _, c := range b {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}
