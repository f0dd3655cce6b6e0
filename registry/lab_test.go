package registry_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/verigate/verigate/registry"
	"github.com/verigate/verigate/registry/nation"
)

// personReply is a person after an operation: the claims they would make and the record.
type personReply struct {
	ID      string      `json:"id"`
	Code    string      `json:"code"`
	Card    string      `json:"card"`
	Name    string      `json:"name"`
	DOB     string      `json:"dob"`
	Version uint64      `json:"version"`
	Record  recordReply `json:"record"`
}

type birthsReply struct {
	Version uint64        `json:"version"`
	People  []personReply `json:"people"`
}

func (x *running) do(command map[string]any) personReply {
	x.t.Helper()
	body, _ := json.Marshal(command)
	var p personReply
	decode(x.t, x.must(200, "POST", "/lab/people", string(body)), &p)
	return p
}

func (x *running) births(count int, province string) []personReply {
	x.t.Helper()
	body, _ := json.Marshal(map[string]any{"op": "birth", "count": count, "province": province})
	var b birthsReply
	decode(x.t, x.must(200, "POST", "/lab/people", string(body)), &b)
	if len(b.People) != count {
		x.t.Fatalf("%d people born, want %d", len(b.People), count)
	}
	return b.People
}

// record asks for one key that must have a record.
func (x *running) record(k keyed) (*recordReply, uint64) {
	x.t.Helper()
	a := x.ask(k).Answers[0]
	if a.Status != "record" {
		x.t.Fatalf("the key is %s, want a record", a.Status)
	}
	return a.Record, a.Version
}

func last(r *recordReply) cardReply { return r.Cards[len(r.Cards)-1] }

func TestBirth(t *testing.T) {
	x := start(t, nil)
	born := x.births(3, "079")
	for i, p := range born {
		if !strings.HasPrefix(p.ID, "079") || p.Code == "" || p.Card == "" || p.Name == "" || p.DOB != "2026-11-21" {
			t.Errorf("born %d: %+v", i, p)
		}
		for _, k := range []keyed{{"id", p.ID}, {"code", p.Code}, {"card", p.Card}} {
			r, version := x.record(k)
			if r.ID != p.ID || r.Name != p.Name || version != uint64(2+i) {
				t.Errorf("born %d by %s: version %d, %+v", i, k.Kind, version, r)
			}
		}
	}
	var without birthsReply
	decode(t, x.must(200, "POST", "/lab/people", `{"op":"birth","without_id":true}`), &without)
	p := without.People[0]
	if r, version := x.record(keyed{"code", p.Code}); p.ID != "" || r.ID != "" || version != 5 || without.Version != 5 {
		t.Errorf("born without an ID number: %+v at version %d", p, version)
	}
}

func TestAbsentIsOlderThanALaterBirth(t *testing.T) {
	x := start(t, nil)
	x.births(5, "001")
	absent := x.ask(keyed{"id", "001080999999"}).Answers[0]
	if absent.Status != "absent" || absent.Version != 6 {
		t.Fatalf("absent at version %d, want 6: %+v", absent.Version, absent)
	}
	if p := x.births(1, "001")[0]; p.ID == "" {
		t.Fatal("no ID number")
	} else if _, version := x.record(keyed{"id", p.ID}); version <= absent.Version {
		t.Errorf("born at version %d, not after an absence seen at %d", version, absent.Version)
	}
}

func TestOperations(t *testing.T) {
	x := start(t, nil)
	t.Run("recall ends what is in force and what is to come", func(t *testing.T) {
		p := somebody(t, nation.RenewedInAdvance)
		x.do(map[string]any{"op": "recall", "id": p.ID})
		r, _ := x.record(keyed{"id", p.ID})
		ended := 0
		for i, c := range r.Cards {
			if c.Status == "recalled" {
				ended++
				if c.StatusFrom != "2026-11-21" || c.ValidTo < "2026-11-21" {
					t.Errorf("card %d recalled: %+v", i, c)
				}
			}
		}
		if ended != 2 {
			t.Errorf("%d cards recalled, want the one in force and the renewal", ended)
		}
	})
	t.Run("renew adds the next year in advance", func(t *testing.T) {
		p := withEnd(t, 0)
		before := p.Cards[len(p.Cards)-1]
		x.do(map[string]any{"op": "renew", "code": p.Code})
		r, _ := x.record(keyed{"code", p.Code})
		c := last(r)
		if len(r.Cards) != len(p.Cards)+1 || c.Number != before.Number || c.ValidFrom <= before.To.String() || c.Status != "active" {
			t.Errorf("renewed: %+v after %+v", c, before)
		}
	})
	t.Run("renew after a lapse begins today", func(t *testing.T) {
		p := somebody(t, nation.Expired)
		x.do(map[string]any{"op": "renew", "id": p.ID})
		r, _ := x.record(keyed{"id", p.ID})
		if c := last(r); c.ValidFrom != "2026-11-21" || c.ValidTo != "2027-11-20" {
			t.Errorf("renewed: %+v", c)
		}
	})
	t.Run("issue gives another number from today", func(t *testing.T) {
		p := withEnd(t, 1)
		old := p.Cards[len(p.Cards)-1].Number
		after := x.do(map[string]any{"op": "issue", "card": old})
		r, _ := x.record(keyed{"card", old})
		c := last(r)
		if c.Number == old || c.ValidFrom != "2026-11-21" || c.Status != "active" || after.Record.Name != p.Name {
			t.Errorf("issued: %+v after number %s", c, old)
		}
		if held := r.Cards[len(r.Cards)-2]; held.Number != old || held.ValidTo != "2026-11-20" {
			t.Errorf("the old card still runs: %+v", held)
		}
		if again, _ := x.record(keyed{"card", c.Number}); again.ID != p.ID {
			t.Error("the new number is not found")
		}
	})
	t.Run("issue to a child without a card", func(t *testing.T) {
		p := somebody(t, nation.Cardless)
		x.do(map[string]any{"op": "issue", "id": p.ID, "object": "HN"})
		r, _ := x.record(keyed{"id", p.ID})
		if c := last(r); !strings.HasPrefix(c.Number, "HN2") || c.Benefit != 2 || len(c.Facility) != 5 {
			t.Errorf("issued: %+v", c)
		}
	})
	t.Run("issue over a renewal", func(t *testing.T) {
		p := somebody(t, nation.ReplacedInAdvance)
		x.do(map[string]any{"op": "issue", "id": p.ID})
		r, _ := x.record(keyed{"id", p.ID})
		for _, c := range r.Cards {
			if c.ValidFrom > "2026-11-21" && c.Status != "re_enrolled" {
				t.Errorf("a card to come survived: %+v", c)
			}
		}
		if !slices.IsSortedFunc(r.Cards, func(a, b cardReply) int { return strings.Compare(a.ValidFrom, b.ValidFrom) }) {
			t.Error("the cards are not in order of their first days")
		}
	})
	t.Run("death", func(t *testing.T) {
		p := withEnd(t, 2)
		x.do(map[string]any{"op": "death", "id": p.ID})
		if r, _ := x.record(keyed{"id", p.ID}); r.Died != "2026-11-21" {
			t.Errorf("died %q", r.Died)
		}
	})
	t.Run("correct", func(t *testing.T) {
		p := withEnd(t, 3)
		// "Ngọc" in decomposed form: the register keeps composed text.
		x.do(map[string]any{"op": "correct", "id": p.ID, "name": "Trần Thị Ngo\u0323c", "dob": "1980-02", "sex": "female",
			"facility": "79C54", "address": "Xã Mẫu, Tỉnh Mẫu", "new_id": "001180999998"})
		r, _ := x.record(keyed{"id", p.ID})
		if r.Name != "Trần Thị Ngọc" || r.DOB != "1980-02" || r.Sex != "female" || last(r).Facility != "79C54" || last(r).FacilityName == "" ||
			r.Address != "Xã Mẫu, Tỉnh Mẫu" || r.ID != "001180999998" {
			t.Errorf("corrected: %+v", r)
		}
		if f := r.Former[len(r.Former)-1]; f.Kind != "id" || f.Value != p.ID || f.Until != "2026-11-20" {
			t.Errorf("the old number: %+v", f)
		}
		if again, _ := x.record(keyed{"id", "001180999998"}); again.Code != p.Code {
			t.Error("the new number is not found")
		}
	})
	t.Run("a name that needs escaping", func(t *testing.T) {
		p := withEnd(t, 4)
		x.do(map[string]any{"op": "correct", "id": p.ID, "name": `H'Hen "Niê" \ Êban`})
		if r, _ := x.record(keyed{"id", p.ID}); r.Name != `H'Hen "Niê" \ Êban` {
			t.Errorf("corrected to %q", r.Name)
		}
	})
}

// withEnd returns the n-th person with one card in force that has a last day and is not renewed.
func withEnd(t testing.TB, n int) (found nation.Person) {
	t.Helper()
	people(t, 20_000, func(p *nation.Person) bool {
		if p.Life != nation.Current || p.ID == "" || p.Cards[len(p.Cards)-1].To.IsZero() || p.Cards[len(p.Cards)-1].Status != "active" {
			return false
		}
		found = *p
		found.Cards, found.Former = slices.Clone(p.Cards), slices.Clone(p.Former)
		n--
		return n < 0
	})
	return found
}

func TestOperationsRefused(t *testing.T) {
	x := start(t, nil)
	current, expired, dead := somebody(t, nation.Current), somebody(t, nation.Expired), somebody(t, nation.Deceased)
	recalled, renewed, soldier := somebody(t, nation.Recalled), somebody(t, nation.RenewedInAdvance), somebody(t, nation.Defence)
	coming, none := somebody(t, nation.NotYetValid), somebody(t, nation.Cardless)
	var endless nation.Person
	people(t, 20_000, func(p *nation.Person) bool {
		endless = *p
		return p.Life == nation.Current && len(p.Cards) == 1 && p.Cards[0].To.IsZero()
	})
	on := func(op string, p nation.Person) string { return `{"op":"` + op + `","code":"` + p.Code + `"}` }
	correct := func(fields string) string { return `{"op":"correct","id":"` + current.ID + `",` + fields + `}` }
	cases := []struct {
		name, body string
		status     int
		code       string
	}{
		{"no JSON", "op=birth", 400, "body_malformed"},
		{"two values", `{"op":"birth"}{"op":"birth"}`, 400, "body_malformed"},
		{"unknown field", `{"op":"birth","colour":"red"}`, 400, "body_malformed"},
		{"unknown op", `{"op":"resurrect","id":"` + current.ID + `"}`, 400, "op_unknown"},
		{"nobody born", `{"op":"birth","count":0}`, 400, "count_invalid"},
		{"too many born", `{"op":"birth","count":100001}`, 400, "count_invalid"},
		{"born nowhere", `{"op":"birth","province":"003"}`, 400, "province_invalid"},
		{"nobody named", `{"op":"recall"}`, 400, "person_missing"},
		{"named twice", `{"op":"recall","id":"` + current.ID + `","code":"` + current.Code + `"}`, 400, "person_missing"},
		{"malformed name", `{"op":"recall","id":"12"}`, 400, "key_malformed"},
		{"nobody there", `{"op":"recall","id":"001080999999"}`, 404, "person_unknown"},
		{"soldier", on("recall", soldier), 409, "held_elsewhere"},
		{"recall of the expired", on("recall", expired), 409, "no_card_in_force"},
		{"recall of the recalled", on("recall", recalled), 409, "no_card_in_force"},
		{"recall from the dead", on("recall", dead), 409, "no_card_in_force"},
		{"recall of a card to come", on("recall", coming), 409, "no_card_in_force"},
		{"renewal twice", on("renew", renewed), 409, "already_renewed"},
		{"renewal of a card to come", on("renew", coming), 409, "already_renewed"},
		{"renewal of the recalled", on("renew", recalled), 409, "no_card_to_renew"},
		{"renewal without a card", on("renew", none), 409, "no_card_to_renew"},
		{"renewal without end", on("renew", endless), 409, "card_open_ended"},
		{"renewal for the dead", on("renew", dead), 409, "already_dead"},
		{"issue to the dead", on("issue", dead), 409, "already_dead"},
		{"issue of an unknown object", `{"op":"issue","id":"` + current.ID + `","object":"QN"}`, 400, "object_invalid"},
		{"death of the dead", on("death", dead), 409, "already_dead"},
		{"correction of nothing", on("correct", current), 400, "correction_missing"},
		{"bad name", correct(`"name":"a\tb"`), 400, "name_invalid"},
		{"bad address", correct(`"address":"` + strings.Repeat("x", 256) + `"`), 400, "address_invalid"},
		{"bad birth date", correct(`"dob":"1980-02-30"`), 400, "dob_invalid"},
		{"birth in the future", correct(`"dob":"2027"`), 400, "dob_invalid"},
		{"bad sex", correct(`"sex":"Nam"`), 400, "sex_invalid"},
		{"bad facility", correct(`"facility":"1000"`), 400, "facility_invalid"},
		{"bad new number", correct(`"new_id":"12"`), 400, "new_id_invalid"},
		{"same number", correct(`"new_id":"` + current.ID + `"`), 409, "id_unchanged"},
		{"another's number", correct(`"new_id":"` + expired.ID + `"`), 409, "id_taken"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			x := *x
			x.t = t
			x.refused(c.status, c.code, "POST", "/lab/people", c.body)
		})
	}
	if a := x.ask(keyed{"id", "001080999999"}).Answers[0]; a.Version != 1 {
		t.Errorf("refusals moved the counter to %d", a.Version)
	}
}

func TestCardNumbersRunOut(t *testing.T) {
	x := start(t, nil)
	p := withEnd(t, 0)
	numbers := map[string]bool{}
	for range 20 {
		status, reply, err := x.request("POST", "/lab/people", `{"op":"issue","id":"`+p.ID+`"}`)
		if err != nil {
			t.Fatal(err)
		}
		if status == 409 {
			if !strings.Contains(string(reply), "no_number_left") || len(numbers) < 5 {
				t.Errorf("after %d issues: %s", len(numbers), reply)
			}
			return
		}
		var after personReply
		decode(t, reply, &after)
		number := last(&after.Record).Number
		for _, c := range after.Record.Cards {
			if c.ValidFrom == "2026-11-21" && c.Status == "active" {
				number = c.Number
			}
		}
		if numbers[number] {
			t.Fatalf("number %s issued twice", number)
		}
		numbers[number] = true
	}
	t.Error("numbers never ran out")
}

func TestLabIsClosedUnlessAskedFor(t *testing.T) {
	x := start(t, func(c *registry.Config) { c.Lab = false })
	for _, path := range []string{"/lab/people", "/lab/faults"} {
		x.refused(404, "path_unknown", "POST", path, `{}`)
	}
}
