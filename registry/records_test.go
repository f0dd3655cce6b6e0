package registry_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry"
	"github.com/verigate/verigate/registry/nation"
)

func TestRecordsAnswerEveryKindOfKey(t *testing.T) {
	x := start(t, nil)
	p := somebody(t, nation.Current)
	defence := somebody(t, nation.Defence)
	long := p.Cards[0].Number[:5] + p.ID
	cases := []struct {
		name   string
		key    keyed
		status string
		holder string
	}{
		{"id", keyed{"id", p.ID}, "record", ""},
		{"code", keyed{"code", p.Code}, "record", ""},
		{"card", keyed{"card", p.Cards[0].Number}, "record", ""},
		{"long card", keyed{"card", long}, "record", ""},
		{"long card nobody was issued", keyed{"card", "ZZ999" + p.ID}, "absent", ""},
		{"id never issued", keyed{"id", "001080999999"}, "absent", ""},
		{"code never issued", keyed{"code", "9900000000"}, "absent", ""},
		{"card never issued", keyed{"card", "GD4019900000000"}, "absent", ""},
		{"soldier's card not held here", keyed{"card", "QN5979900000000"}, "elsewhere", "defence"},
		{"cipher officer's card not held here", keyed{"card", "CY5979900000000"}, "elsewhere", "defence"},
		{"police card not held here", keyed{"card", "CA5019900000000"}, "elsewhere", "public_security"},
		{"soldier by id", keyed{"id", defence.ID}, "elsewhere", "defence"},
		{"soldier by card", keyed{"card", defence.Cards[0].Number}, "elsewhere", "defence"},
	}
	keys := make([]keyed, 0, len(cases))
	for _, c := range cases {
		keys = append(keys, c.key)
	}
	reply := x.ask(keys...)
	if reply.Watermark.Version != 1 || reply.Watermark.At.IsZero() {
		t.Errorf("watermark %+v of an untouched nation", reply.Watermark)
	}
	for i, c := range cases {
		a := reply.Answers[i]
		if a.Status != c.status || a.Holder != c.holder || a.Version != 1 || a.AsOf.IsZero() || (a.Record != nil) != (c.status == "record") {
			t.Errorf("%s: %+v", c.name, a)
		}
		if a.Record != nil && (a.Record.ID != p.ID || a.Record.Name != p.Name) {
			t.Errorf("%s: the wrong person", c.name)
		}
	}
}

func TestRecordsRefuseWhatIsNotARequest(t *testing.T) {
	x := start(t, func(c *registry.Config) { c.People = 100 })
	one := `{"kind":"id","value":"001080000000"}`
	many := func(n int) string { return `{"keys":[` + strings.Repeat(one+",", n-1) + one + `]}` }
	cases := []struct {
		name, body string
		status     int
		code       string
	}{
		{"nothing", "", 400, "body_malformed"},
		{"no JSON", "keys", 400, "body_malformed"},
		{"no keys", `{"keys":[]}`, 400, "keys_count"},
		{"500 keys", many(500), 200, ""},
		{"501 keys", many(501), 400, "keys_count"},
		{"another member", `{"keys":[` + one + `],"more":1}`, 400, "body_malformed"},
		{"members the other way round", `{"keys":[{"value":"001080000000","kind":"id"}]}`, 200, ""},
		{"white space", " {\n\t\"keys\" : [ " + one + " ] }\r\n", 200, ""},
		{"kind twice", `{"keys":[{"kind":"id","kind":"id"}]}`, 400, "body_malformed"},
		{"value missing", `{"keys":[{"kind":"id"}]}`, 400, "body_malformed"},
		{"text behind", many(1) + "x", 400, "body_malformed"},
		{"escape", `{"keys":[{"kind":"id","value":"\u0030001080000000"}]}`, 400, "body_malformed"},
		{"unknown kind", `{"keys":[{"kind":"passport","value":"B1234567"}]}`, 400, "key_malformed"},
		{"id of 11 digits", `{"keys":[{"kind":"id","value":"00108000000"}]}`, 400, "key_malformed"},
		{"code with a letter", `{"keys":[{"kind":"code","value":"000000000A"}]}`, 400, "key_malformed"},
		{"card in small letters", `{"keys":[{"kind":"card","value":"gd4010000000001"}]}`, 400, "key_malformed"},
		{"card of 16 characters", `{"keys":[{"kind":"card","value":"GD40100000000012"}]}`, 400, "key_malformed"},
		{"far too large", many(3000), 413, "body_too_large"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			x := *x
			x.t = t
			if c.code == "" {
				x.must(c.status, "POST", "/records", c.body)
				return
			}
			x.refused(c.status, c.code, "POST", "/records", c.body)
		})
	}
}

func TestMalformedKeyIsNamedByIndexOnly(t *testing.T) {
	x := start(t, func(c *registry.Config) { c.People = 100 })
	reply := x.must(400, "POST", "/records", keysBody(keyed{"id", "001080000000"}, keyed{"id", "12345"}))
	var p struct{ Index *int }
	decode(t, reply, &p)
	if p.Index == nil || *p.Index != 1 || strings.Contains(string(reply), "12345") {
		t.Errorf("refused with %s", reply)
	}
}

// TestRecordsAgreeWithTheNation asks for 10,000 random numbers, present and absent ones, and compares each answer with
// the nation it was computed from.
func TestRecordsAgreeWithTheNation(t *testing.T) {
	x := start(t, nil)
	n, err := nation.New(nation.Config{People: 20_000, Seed: 1, Today: today})
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	absent := 0
	for range 20 {
		var keys []keyed
		for len(keys) < 500 {
			kind := identity.KindID + identity.Kind(rnd.IntN(3))
			i := rnd.IntN(n.People())
			for _, packed := range n.AppendKeys(kind, i, i+1, nil) {
				if rnd.IntN(3) == 0 { // one typed digit away: mostly nobody's
					packed += 1 + rnd.Uint64N(9)
				}
				if k, ok := identity.UnpackKey(kind, packed); ok && len(keys) < 500 {
					keys = append(keys, keyed{kind.String(), k.Value()})
				}
			}
		}
		for i, a := range x.ask(keys...).Answers {
			k, _ := identity.NewKey(identity.KindOf(keys[i].Kind), keys[i].Value)
			who, known := n.Find(k)
			var p nation.Person
			if known {
				n.Person(who, &p)
			}
			switch {
			case !known && !forces(keys[i]):
				absent++
				if a.Status != "absent" {
					t.Fatalf("nobody's key answered %q", a.Status)
				}
			case !known || p.Holder != "":
				if a.Status != "elsewhere" {
					t.Fatalf("a key of another register answered %q", a.Status)
				}
			case a.Status != "record" || !sameRecord(a.Record, &p):
				t.Fatalf("person %d answered as %q, or not as the nation has them", who, a.Status)
			}
		}
	}
	if absent < 1000 {
		t.Errorf("only %d absent keys among 10,000: too few to mean anything", absent)
	}
}

func forces(k keyed) bool {
	return k.Kind == "card" && (k.Value[:2] == "QN" || k.Value[:2] == "CA" || k.Value[:2] == "CY")
}

func sameRecord(r *recordReply, p *nation.Person) bool {
	if r == nil || r.ID != p.ID || r.Code != p.Code || r.Name != p.Name || r.DOB != p.DOB.String() || r.Sex != p.Sex.String() ||
		r.Address != p.Address || r.Office != p.Office || r.Died != p.Died.String() || len(r.Cards) != len(p.Cards) || len(r.Former) != len(p.Former) {
		return false
	}
	for i, c := range p.Cards {
		area := ""
		if c.Area > 0 {
			area = "K" + string(rune('0'+c.Area))
		}
		want := cardReply{c.Number, c.From.String(), c.To.String(), c.Status, c.StatusFrom.String(), c.Facility, c.FacilityName,
			c.Benefit, area, c.FiveYears.String()}
		if r.Cards[i] != want {
			return false
		}
	}
	for i, f := range p.Former {
		if g := r.Former[i]; g.Kind != f.Kind.String() || g.Value != f.Value || g.Until != f.Until.String() {
			return false
		}
	}
	return true
}
