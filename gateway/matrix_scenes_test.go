package gateway_test

import (
	"fmt"
	"strings"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// mark is a person of the matrix: everything in the record differs from everything in the question.
type mark struct {
	name    string
	outcome string
	claims  bool // made by sex or facility, which most of the portal's calls do not claim

	id   string // asked by
	ask  string // the identifier's member in native questions
	hoTe string
	ngay string // as the portal writes it
	dob  string
	sex  string
	fac  string

	there  []string // parts there is something to tell of, whatever may be
	native []string // those of a native reply; nil: the same
}

const (
	markName    = "Vũ Hoàng Đánh Dấu"
	markClaim   = "VU HOANG DANH DAU" // agrees, but is not what is on record
	markAddress = "Thôn Bí Mật, Xã Kín"
	markOffice  = "BHXH huyện Ẩn"
	markNote    = "Thẻ còn giá trị sử dụng! Họ tên đúng: Vũ Hoàng Đánh Dấu"
)

func markedRecord(n int) *verify.Record {
	return &verify.Record{
		ID: key(identity.KindID, fmt.Sprintf("001080%06d", n)), Code: key(identity.KindCode, fmt.Sprintf("77%08d", n)),
		Name: []byte(markName), DOB: date(1980, 2, 1), Sex: identity.Female, Address: []byte(markAddress), Office: []byte(markOffice),
		Cards: []verify.Card{{
			Number: key(identity.KindCard, fmt.Sprintf("GD4010%09d", n)), From: date(2026, 1, 5), To: date(2026, 12, 25),
			Facility: identity.Facility([]byte("01C54")), FacilityName: []byte("Trạm Kín"), Benefit: 4, Area: 2, FiveYears: date(2019, 3, 4),
		}},
	}
}

// marks files one person for each way to each outcome and returns the questions about them.
func marks(w *world) (all []mark) {
	everything := append(append([]string{}, coverageWords...), personWords...)
	add := func(name, outcome string, bend func(*mark, *verify.Record), more ...string) {
		n := len(all) + 1
		rec := markedRecord(n)
		m := mark{name: name, outcome: outcome, id: rec.ID.Value(), ask: "id", hoTe: markClaim, ngay: "1980", dob: "1980", sex: "female", fac: "01C54",
			there: append(append([]string{"results"}, everything...), more...)}
		if bend != nil {
			bend(&m, rec)
		}
		w.putSample(rec)
		all = append(all, m)
	}
	next := func(r *verify.Record, from, to identity.Date) {
		c := r.Cards[0]
		c.Number, c.From, c.To = key(identity.KindCard, strings.Replace(c.Number.Value(), "GD40100", "HT30177", 1)), from, to
		c.Facility, c.FacilityName = identity.Facility([]byte("01C55")), []byte("Bệnh viện Kế Tiếp")
		r.Cards = append(r.Cards, c)
	}
	elsewhere := func(h verify.Holder) func(*mark, *verify.Record) {
		return func(m *mark, _ *verify.Record) {
			w.held[m.id] = verify.Held{State: verify.StateElsewhere, Holder: h}
			m.there = []string{"holder"}
		}
	}
	add("match", "match", nil)
	add("match, newer card", "match", func(_ *mark, r *verify.Record) { next(r, date(2026, 12, 26), date(2027, 12, 31)) }, "successor")
	add("child without a card", "match", func(m *mark, r *verify.Record) {
		r.DOB, r.Cards, m.ngay, m.dob, m.fac = date(2024, 2, 1), nil, "2024", "2024", ""
		m.there = append([]string{"results", "reason", "code"}, personWords...)
		m.native = []string{"results", "reason"}
	})
	add("name", "mismatch", func(m *mark, _ *verify.Record) { m.hoTe = "Trần Thị Khác" })
	add("name, same initials", "mismatch", func(m *mark, _ *verify.Record) { m.hoTe = "Võ Hùng Đức Duy" })
	add("birth date", "mismatch", func(m *mark, _ *verify.Record) { m.ngay, m.dob = "1981", "1981" })
	add("sex", "mismatch", func(m *mark, _ *verify.Record) { m.sex, m.claims = "male", true })
	add("facility", "mismatch", func(m *mark, _ *verify.Record) { m.fac, m.claims = "01000", true })
	add("never issued", "not_found", func(m *mark, _ *verify.Record) { w.held[m.id], m.there = verify.Held{State: verify.StateAbsent}, nil })
	add("defence", "out_of_register", elsewhere(verify.HolderDefence))
	add("police", "out_of_register", elsewhere(verify.HolderPublicSecurity))
	add("another register", "out_of_register", func(m *mark, r *verify.Record) { elsewhere(verify.HolderOther)(m, r); m.there = nil })
	add("former number", "superseded", func(m *mark, r *verify.Record) {
		m.id = strings.Replace(m.id, "001080", "001180", 1)
		r.Former = []verify.Former{{Key: key(identity.KindID, m.id), Until: date(2024, 1, 1)}}
		m.there = append([]string{"results", "successor", "code"}, personWords...)
		m.native = []string{"results", "successor"}
	})
	add("replaced card", "superseded", func(m *mark, r *verify.Record) {
		m.id, m.ask = r.Cards[0].Number.Value(), "card"
		r.Cards[0].From, r.Cards[0].To = date(2025, 1, 5), date(2025, 12, 25)
		next(r, date(2025, 12, 26), date(2027, 12, 31))
		m.native = append([]string{"successor", "results"}, coverageWords...)
		m.there = append(append([]string{}, m.native[:2]...), append(coverageWords[1:], personWords...)...) // the card is the caller's own
	})
	for s := verify.StatusRecalled; s <= verify.StatusLeftScheme; s++ {
		add(s.String(), "inactive", func(_ *mark, r *verify.Record) { r.Cards[0].Status, r.Cards[0].StatusFrom = s, date(2026, 6, 1) }, "reason")
	}
	add("expired", "inactive", func(_ *mark, r *verify.Record) { r.Cards[0].From, r.Cards[0].To = date(2025, 1, 5), date(2025, 12, 25) }, "reason")
	add("not yet valid", "inactive", func(_ *mark, r *verify.Record) { r.Cards[0].From, r.Cards[0].To = date(2027, 1, 5), date(2027, 12, 25) }, "reason")
	add("dead", "inactive", func(_ *mark, r *verify.Record) { r.Died = date(2026, 3, 1) }, "reason", "deceased")
	add("left the scheme without a card", "inactive", func(m *mark, r *verify.Record) {
		r.Cards, m.fac = nil, ""
		m.there, m.native = append([]string{"results", "reason", "code"}, personWords...), []string{"results", "reason"}
	})
	add("not to be had", "unavailable", func(m *mark, _ *verify.Record) {
		w.held[m.id], m.there = verify.Held{Trouble: verify.TroubleTimeout}, nil
	})
	told := func(s verify.PortalStatus) func(*mark, *verify.Record) {
		return func(m *mark, r *verify.Record) {
			text, err := (&verify.Told{Status: s, Note: []byte(markNote), Record: *r}).AppendBinary(nil)
			if err != nil {
				panic(err)
			}
			w.held[m.id] = verify.Held{State: verify.StateTold, Version: 1, Record: text}
		}
	}
	add("told by another gateway", "match", told(verify.Status000), "note")
	add("told a mismatch", "mismatch", func(m *mark, r *verify.Record) {
		told(verify.Status060)(m, r)
		m.there = append([]string{"results", "note"}, personWords...)
		m.there = append(m.there, "code")
	})
	return all
}

// question is the question by the native API.
func (m *mark) question(purpose string) string {
	q := fmt.Sprintf(`{"%s":"%s","name":"%s","dob":"%s","purpose":"%s","sex":"%s"`, m.ask, m.id, m.hoTe, m.dob, purpose, m.sex)
	if m.fac != "" {
		q += fmt.Sprintf(`,"facility":"%s"`, m.fac)
	}
	return q + "}"
}

// form is the question by the portal's contract.
func (m *mark) form() string {
	sex := map[string]string{"male": "1", "female": "2"}[m.sex]
	return fmt.Sprintf(`{"maThe":"%s","hoTen":"%s","ngaySinh":"%s","gioiTinh":"%s","maCSKCB":"%s","hoTenCb":"%s","cccdCb":"%s"}`,
		m.id, m.hoTe, m.ngay, sex, m.fac, officerName, officerID)
}
