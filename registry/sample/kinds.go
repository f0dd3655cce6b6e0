package sample

import (
	"slices"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry/nation"
)

// kind is one way to make a sample.
type kind struct {
	name   string
	weight int // in the national mix, of about ten thousand
	who    func(nation.Glance) bool
	// make completes a claim that begins with the person's name and birth date as the register has them and the answer
	// of their life; it returns false when this person does not suit after all.
	make func(*Generator, *Claim) bool
}

// answers is what a lookup by ID number, code or newest card gets, by life. A card replaced in advance is the exception:
// kinds never ask by a number that is yet to begin while another is in force.
var answers = [nation.Lives]answer{
	nation.Current:             {match, "000"},
	nation.Renumbered:          {match, "000"},
	nation.RenewedInAdvance:    {match, "004"},
	nation.ReplacedInAdvance:   {match, "004"},
	nation.Overlapping:         {match, "000"},
	nation.Expired:             {inactive, "010"},
	nation.Recalled:            {inactive, "110"},
	nation.Decreased:           {inactive, "120"},
	nation.MovedProvince:       {inactive, "121"},
	nation.MovedWithinProvince: {inactive, "122"},
	nation.ReEnrolled:          {inactive, "123"},
	nation.LeftScheme:          {inactive, "124"},
	nation.NotYetValid:         {inactive, "010"},
	nation.Cardless:            {match, "130"},
	nation.Deceased:            {inactive, "120"},
	nation.Defence:             {outOfRegister, "001"},
	nation.PublicSecurity:      {outOfRegister, "002"},
}

// kinds lists all kinds, in the order in which they are documented.
func kinds() []kind { return slices.Concat(agreements(), troubles()) }

// agreements are the kinds that match.
func agreements() []kind {
	return []kind{
		{"valid", 5000, present, (*Generator).valid},
		{"by_id", 300, withID, by(identity.KindID)},
		{"by_code", 250, present, by(identity.KindCode)},
		{"by_card", 400, present, by(identity.KindCard)},
		{"upper_case", 900, present, (*Generator).upperCase},
		{"spacing", 120, present, (*Generator).spacing},
		{"nfd", 100, present, (*Generator).nfd},
		{"tone_placement", 100, present, (*Generator).tonePlacement},
		{"unaccented", 250, present, (*Generator).unaccented},
		{"legacy_tcvn3", 40, present, (*Generator).legacyTCVN3},
		{"legacy_vni", 30, present, (*Generator).legacyVNI},
		{"year_only", 300, present, (*Generator).yearOnly},
		{"month_only", 30, present, (*Generator).monthOnly},
		{"finer_dob", 40, elderly, (*Generator).finerDOB},
		{"chip_qr", 450, withID, (*Generator).chipQR},
		{"paper_qr", 150, present, (*Generator).paperQR},
		{"on_past_day", 60, present, (*Generator).onPastDay},
		{"renewed_in_advance", 230, living(nation.RenewedInAdvance, nation.ReplacedInAdvance), (*Generator).renewed},
		{"overlapping", 130, living(nation.Overlapping), (*Generator).overlapping},
		{"renumbered", 150, living(nation.Renumbered), (*Generator).byAny},
		{"child_without_card", 40, living(nation.Cardless), (*Generator).byAny},
		{"newborn_without_id", 25, newbornWithoutID, (*Generator).byAny},
	}
}

// troubles are the others; some of those who declare something else match all the same.
func troubles() []kind {
	return []kind{
		{"declared", 290, declaring, (*Generator).declared},
		{"wrong_name", 50, present, (*Generator).wrongName},
		{"wrong_name_initials", 30, present, (*Generator).wrongNameInitials},
		{"wrong_dob", 60, present, (*Generator).wrongDOB},
		{"wrong_sex", 15, present, (*Generator).wrongSex},
		{"wrong_facility", 15, present, (*Generator).wrongFacility},
		{"superseded_card", 70, living(nation.Renumbered), (*Generator).supersededCard},
		{"superseded_id", 15, formerID, (*Generator).supersededNumber},
		{"superseded_code", 5, formerCode, (*Generator).supersededNumber},
		{"expired", 150, living(nation.Expired), (*Generator).byAny},
		{"recalled", 15, living(nation.Recalled), (*Generator).byAny},
		{"decreased", 25, living(nation.Decreased), (*Generator).byAny},
		{"moved_province", 25, living(nation.MovedProvince), (*Generator).byAny},
		{"moved_within_province", 20, living(nation.MovedWithinProvince), (*Generator).byAny},
		{"re_enrolled", 15, living(nation.ReEnrolled), (*Generator).byAny},
		{"left_scheme", 15, living(nation.LeftScheme), (*Generator).byAny},
		{"not_yet_valid", 10, living(nation.NotYetValid), (*Generator).byAny},
		{"deceased", 15, living(nation.Deceased), (*Generator).byAny},
		{"defence", 70, living(nation.Defence), (*Generator).byAny},
		{"public_security", 45, living(nation.PublicSecurity), (*Generator).byAny},
		{"typo_in_number", 80, present, (*Generator).typoInNumber},
		{"identifier_malformed", 25, withID, (*Generator).malformed},
		{"card_province_invalid", 5, present, (*Generator).cardProvince},
		{"card_benefit_invalid", 5, present, (*Generator).cardBenefit},
		{"dob_invalid", 10, present, (*Generator).dobInvalid},
		{"name_missing", 5, present, (*Generator).nameMissing},
	}
}

// living accepts people of the given lives.
func living(lives ...nation.Life) func(nation.Glance) bool {
	var set [nation.Lives]bool
	for _, l := range lives {
		set[l] = true
	}
	return func(p nation.Glance) bool { return set[p.Life] }
}

// present accepts whoever has a card in force and one number of it only, which most people do.
func present(p nation.Glance) bool { return p.Life == nation.Current }

func withID(p nation.Glance) bool { return present(p) && p.HasID }

func elderly(p nation.Glance) bool { return present(p) && p.Age >= 40 }

func declaring(p nation.Glance) bool {
	return p.Life < nation.Defence && p.Life != nation.ReplacedInAdvance
}

func newbornWithoutID(p nation.Glance) bool { return present(p) && p.Age == 0 && !p.HasID }

func formerID(p nation.Glance) bool { return present(p) && p.FormerID }

func formerCode(p nation.Glance) bool { return present(p) && p.FormerCode }
