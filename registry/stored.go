package registry

import (
	"encoding/json"
	"time"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry/nation"
)

// stored is a line of the change file: the person after the change as the record API shows them, and what of them it
// does not show. R is the record, rendered when it is written and taken apart when it is read.
type stored[R json.RawMessage | shown] struct {
	Version  uint64    `json:"version"`
	At       time.Time `json:"at"`
	Index    int       `json:"index"`    // in the nation; people born later come behind it
	Province string    `json:"province"` // where the birth was registered
	Record   R         `json:"record"`
}

// shown is a record in the record API's own words.
type shown struct {
	ID      string `json:"id"`
	Code    string `json:"code"`
	Name    string `json:"name"`
	DOB     date   `json:"dob"`
	Sex     string `json:"sex"`
	Address string `json:"address"`
	Office  string `json:"office"`
	Died    date   `json:"died"`
	Cards   []struct {
		Number       string `json:"number"`
		From         date   `json:"valid_from"`
		To           date   `json:"valid_to"`
		Status       string `json:"status"`
		StatusFrom   date   `json:"status_from"`
		Facility     string `json:"facility"`
		FacilityName string `json:"facility_name"`
		Benefit      int    `json:"benefit"`
		Area         string `json:"area"`
		FiveYears    date   `json:"five_years_from"`
	} `json:"cards"`
	Former []struct {
		Kind  string `json:"kind"`
		Value string `json:"value"`
		Until date   `json:"until"`
	} `json:"former"`
}

// date reads YYYY, YYYY-MM and YYYY-MM-DD.
type date struct{ identity.Date }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *date) UnmarshalText(text []byte) error {
	parsed, fault := identity.ParseDOB(text, identity.Date{}) // any date since 1900, to the precision given
	if fault != identity.FaultNone {
		return fault
	}
	d.Date = parsed
	return nil
}

// store returns the line that keeps s.
func (s *state) store() stored[json.RawMessage] {
	return stored[json.RawMessage]{Version: s.version, At: s.at, Index: s.person.Index, Province: s.person.Province, Record: appendRecord(nil, &s.person)}
}

// restore is the inverse of store. A person is then taken at their word: what they declare is what the record says.
func restore(l *stored[shown]) *state {
	r := &l.Record
	p := nation.Person{Index: l.Index, ID: r.ID, Code: r.Code, Name: r.Name, DOB: r.DOB.Date, Sex: sexOf(r.Sex), Province: l.Province,
		Address: r.Address, Office: r.Office, Died: r.Died.Date}
	p.Declared = nation.Declared{Name: p.Name, DOB: p.DOB, Sex: p.Sex}
	for _, c := range r.Cards {
		card := nation.Card{Number: c.Number, From: c.From.Date, To: c.To.Date, Status: c.Status, StatusFrom: c.StatusFrom.Date,
			Facility: c.Facility, FacilityName: c.FacilityName, Benefit: c.Benefit, FiveYears: c.FiveYears.Date}
		if len(c.Area) == 2 {
			card.Area = int(c.Area[1] - '0')
		}
		p.Cards = append(p.Cards, card)
	}
	for _, f := range r.Former {
		p.Former = append(p.Former, nation.Former{Kind: identity.KindOf(f.Kind), Value: f.Value, Until: f.Until.Date})
	}
	return &state{version: l.Version, at: l.At, person: p}
}
