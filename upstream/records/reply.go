package records

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

type reply struct {
	Answers []answer `json:"answers"`
}

type answer struct {
	Status  string    `json:"status"`
	Holder  string    `json:"holder"`
	Version uint64    `json:"version"`
	AsOf    time.Time `json:"as_of"`
	Record  *record   `json:"record"`
}

type record struct {
	ID      string   `json:"id"`
	Code    string   `json:"code"`
	Name    string   `json:"name"`
	DOB     date     `json:"dob"`
	Sex     string   `json:"sex"`
	Address string   `json:"address"`
	Office  string   `json:"office"`
	Died    date     `json:"died"`
	Cards   []card   `json:"cards"`
	Former  []former `json:"former"`
}

type card struct {
	Number       string `json:"number"`
	ValidFrom    date   `json:"valid_from"`
	ValidTo      date   `json:"valid_to"`
	Status       string `json:"status"`
	StatusFrom   date   `json:"status_from"`
	Facility     string `json:"facility"`
	FacilityName string `json:"facility_name"`
	Benefit      uint8  `json:"benefit"`
	Area         string `json:"area"`
	FiveYears    date   `json:"five_years_from"`
}

type former struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
	Until date   `json:"until"`
}

// date reads YYYY, YYYY-MM or YYYY-MM-DD; empty is "not known".
type date identity.Date

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *date) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	form := map[int]string{4: "2006", 7: "2006-01", 10: time.DateOnly}[len(b)]
	t, err := time.Parse(form, string(b))
	if form == "" || err != nil || t.Year() < 1 {
		return errors.New("a date is not of the form YYYY, YYYY-MM or YYYY-MM-DD")
	}
	d.Year = uint16(t.Year())
	if len(b) >= 7 {
		d.Month = uint8(t.Month())
	}
	if len(b) == 10 {
		d.Day = uint8(t.Day())
	}
	return nil
}

// decodeReply fills out from a reply's body; any doubt about any answer fails the whole reply as garbled.
func decodeReply(body []byte, keys []identity.Key, out []verify.Held) error {
	if !utf8.Valid(body) {
		return fail(verify.TroubleGarbled, errors.New("reply is not UTF-8"))
	}
	var r reply
	if err := json.Unmarshal(body, &r); err != nil {
		return fail(verify.TroubleGarbled, errors.New("reply is not JSON of the record API")) // the cause may quote data
	}
	if len(r.Answers) != len(keys) {
		return fail(verify.TroubleGarbled, fmt.Errorf("reply has %d answers to %d keys", len(r.Answers), len(keys)))
	}
	for i, k := range keys {
		if err := r.Answers[i].held(k, &out[i]); err != nil {
			return fail(verify.TroubleGarbled, fmt.Errorf("answer %d: %w", i, err))
		}
	}
	return nil
}

func (a *answer) held(k identity.Key, h *verify.Held) error {
	*h = verify.Held{Version: a.Version, AsOf: a.AsOf.UnixNano()}
	if a.AsOf.IsZero() {
		return errors.New("as_of is missing")
	}
	switch a.Status {
	case "absent":
		h.State = verify.StateAbsent
	case "elsewhere":
		holder := slices.Index(verify.HolderNames[:], a.Holder)
		if holder <= 0 {
			return errors.New("holder is not one of defence, public_security, other")
		}
		h.State, h.Holder = verify.StateElsewhere, verify.Holder(holder)
	case "record":
		if a.Record == nil {
			return errors.New("record is missing")
		}
		encoded, err := a.Record.encode(k)
		if err != nil {
			return err
		}
		h.State, h.Record = verify.StatePresent, encoded
	default:
		return errors.New("status is not one of record, absent, elsewhere")
	}
	return nil
}

func (r *record) encode(k identity.Key) ([]byte, error) {
	v := verify.Record{
		Name: []byte(r.Name), DOB: identity.Date(r.DOB), Address: []byte(r.Address), Office: []byte(r.Office),
		Died: identity.Date(r.Died),
	}
	var err error
	if v.ID, err = key(identity.KindID, r.ID, 12); err != nil {
		return nil, err
	}
	if v.Code, err = key(identity.KindCode, r.Code, 10); err != nil {
		return nil, err
	}
	switch r.Sex {
	case "male":
		v.Sex = identity.Male
	case "female":
		v.Sex = identity.Female
	case "":
	default:
		return nil, errors.New("sex is not male or female")
	}
	for i := range r.Cards {
		c, err := r.Cards[i].card()
		if err != nil {
			return nil, fmt.Errorf("card %d: %w", i, err)
		}
		v.Cards = append(v.Cards, c)
	}
	for i, f := range r.Former {
		fk, ok := identity.NewKey(identity.KindOf(f.Kind), f.Value)
		if !ok {
			return nil, fmt.Errorf("former number %d is malformed", i)
		}
		v.Former = append(v.Former, verify.Former{Key: fk, Until: identity.Date(f.Until)})
	}
	if !holds(&v, k) {
		return nil, errors.New("record does not hold the identifier asked for")
	}
	return v.AppendBinary(make([]byte, 0, 512))
}

func key(kind identity.Kind, value string, length int) (identity.Key, error) {
	if value == "" {
		return identity.Key{}, nil
	}
	k, ok := identity.NewKey(kind, value)
	if !ok || len(value) != length {
		return k, fmt.Errorf("%s is malformed", kind)
	}
	return k, nil
}

func (c *card) card() (v verify.Card, err error) {
	if v.Number, err = key(identity.KindCard, c.Number, 15); err != nil || v.Number.IsZero() {
		return v, errors.New("number is malformed")
	}
	status := slices.Index(verify.StatusNames[:], c.Status)
	area := slices.Index(areaNames[:], c.Area)
	switch {
	case status < 0:
		return v, errors.New("status is unknown")
	case area < 0:
		return v, errors.New("area is not K1, K2 or K3")
	case c.ValidFrom == date{}:
		return v, errors.New("valid_from is missing")
	case len(c.Facility) != 0 && len(c.Facility) != len(v.Facility):
		return v, errors.New("facility is malformed")
	}
	v.From, v.To = identity.Date(c.ValidFrom), identity.Date(c.ValidTo)
	v.Status, v.StatusFrom = verify.Status(status), identity.Date(c.StatusFrom)
	copy(v.Facility[:], c.Facility)
	v.FacilityName, v.Benefit, v.Area = []byte(c.FacilityName), c.Benefit, uint8(area)
	v.FiveYears = identity.Date(c.FiveYears)
	return v, nil
}

var areaNames = [...]string{"", "K1", "K2", "K3"}

// holds is the "cannot happen" check on what came back: the record must be the one asked for. A 17-character card
// carries the ID number after its five-character prefix.
func holds(r *verify.Record, k identity.Key) bool {
	switch {
	case r.ID == k, r.Code == k:
		return true
	case k.Kind() == identity.KindCard && k.Len() == 17:
		id, ok := identity.NewKey(identity.KindID, k.Value()[5:])
		return ok && holds(r, id)
	}
	for i := range r.Cards {
		if r.Cards[i].Number == k {
			return true
		}
	}
	for i := range r.Former {
		if r.Former[i].Key == k {
			return true
		}
	}
	return false
}
