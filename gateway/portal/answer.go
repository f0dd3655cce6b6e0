package portal

import (
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/jsontext"
	"github.com/verigate/verigate/resolve"
	"github.com/verigate/verigate/verify"
)

// The tails of an answer that carries nothing: every key is there, none has a value.
const (
	noPerson = `,"maThe":null,"hoTen":null,"ngaySinh":null,"gioiTinh":null,"diaChi":null,"maDKBD":null,"cqBHXH":null` +
		`,"gtTheTu":null,"gtTheDen":null,"maKV":null,"ngayDu5Nam":null,"maSoBHXH":null`
	noChange  = `,"maTheCu":null,"maTheMoi":null,"gtTheTuMoi":null,"gtTheDenMoi":null,"maDKBDMoi":null,"tenDKBDMoi":null`
	noHistory = `,"dsLichSuKCB2018":null,"dsLichSuKT2018":null}`

	blankPerson = `,"gioiTinh":"","diaChi":"","maDKBD":"","cqBHXH":"","gtTheTu":"","gtTheDen":"","maKV":"","ngayDu5Nam":"","maSoBHXH":""`
	blankChange = `,"maTheCu":"","maTheMoi":"","gtTheTuMoi":"","gtTheDenMoi":"","maDKBDMoi":"","tenDKBDMoi":""`

	noPerson595 = `,"hoTen":null,"gioiTinh":null,"diaChi":null,"maDKBD":null,"cqBHXH":null,"gtTheTu":null,"gtTheDen":null` +
		`,"maKV":null,"ngayDu5Nam":null`
	blankPerson595 = `,"gioiTinh":"","diaChi":"","maDKBD":"","cqBHXH":"","gtTheTu":"","gtTheDen":"","maKV":"","ngayDu5Nam":""`
)

// AppendStatus appends an answer that carries a result code and a sentence and nothing else. An empty note means the
// code's own sentence.
func AppendStatus(dst []byte, call Call, s verify.PortalStatus, note string) []byte {
	return appendEmpty(dst, call, code(call, s, verify.ReasonNone), sentence(s, note))
}

func sentence(s verify.PortalStatus, note string) string {
	if note != "" {
		return note
	}
	return s.Vietnamese()
}

func appendEmpty(dst []byte, call Call, code, note string) []byte {
	dst = appendHead(dst, call, code, note)
	switch call {
	case CallLookup2017:
		return append(dst, `,"dsLichSuKCB":null}`...)
	case CallLookup595:
		return append(append(dst, noPerson595...), `,"dsLichSuKCB":null}`...)
	case CallHistory:
		return append(dst, `,"dsLichSuKCB2025":null}`...)
	case CallDetail:
		return append(dst, `,"hoSoKCB":{"xml1":{},"dsXml2":[],"dsXml3":[],"dsXml4":[],"dsXml5":[]}}`...)
	}
	return append(append(append(dst, noPerson...), noChange...), noHistory...)
}

func appendHead(dst []byte, call Call, code, note string) []byte {
	dst = append(append(append(dst, `{"maKetQua":"`...), code...), '"')
	if call == CallLookup2017 || call == CallLookup595 || call == CallDetail {
		return dst
	}
	return jsontext.AppendString(append(dst, `,"ghiChu":`...), note)
}

// AppendAnswer appends the answer to a lookup. What it carries beside code and sentence follows from the outcome: the
// register's data as far as item.Parts goes, the rest blank; else the caller's own card, name and birth date with the
// rest blank (a claim that disagrees, a card kept elsewhere, or data that may not be told), else nothing. It does not
// allocate beyond dst.
func AppendAnswer(dst []byte, call Call, item *resolve.Item, own *Fields) []byte {
	a := &item.Answer
	note := sentenceOf(item)
	code := code(call, a.Status, a.Reason)
	rec := item.Record()
	switch {
	case call == CallLookup2017 || call == CallHistory:
		return appendEmpty(dst, call, code, note)
	case rec != nil:
		return appendPerson(appendHead(dst, call, code, note), call, item, rec, own)
	case a.Outcome != verify.OutcomeNotFound && a.Outcome != verify.OutcomeUnavailable:
		return appendOwn(appendHead(dst, call, code, note), call, a.Outcome, own)
	}
	return appendEmpty(dst, call, code, note)
}

// sentenceOf returns ghiChu: what another portal said, verbatim, or the status's own sentence. The other portal's
// sentence may give anything away (the right name, where claims disagree), so it passes only as a part of its own.
func sentenceOf(item *resolve.Item) string {
	if item.Parts.Has(verify.PartNote) {
		return string(item.Answer.Note)
	}
	return item.Answer.Status.Vietnamese()
}

// appendOwn gives the caller's words back. The blanks are "" and not null, so that clients which cut the text find
// their landmarks; a card kept elsewhere has nulls where a new card would be told, so that nobody sees a change.
func appendOwn(dst []byte, call Call, o verify.Outcome, own *Fields) []byte {
	if call == CallLookup595 {
		dst = appendText(dst, `,"hoTen":`, own[FieldHoTen])
		return append(append(dst, blankPerson595...), `,"dsLichSuKCB":null}`...)
	}
	dst = appendText(dst, `,"maThe":`, own[FieldMaThe])
	dst = appendText(dst, `,"hoTen":`, own[FieldHoTen])
	dst = appendText(dst, `,"ngaySinh":`, own[FieldNgaySinh])
	dst = append(dst, blankPerson...)
	if o == verify.OutcomeMismatch {
		dst = append(dst, blankChange...)
	} else {
		dst = append(dst, noChange...)
	}
	return append(dst, noHistory...)
}

// withheld stands in for what there is none of, or none to tell.
var withheld verify.Card

func appendPerson(dst []byte, call Call, item *resolve.Item, rec *verify.Record, own *Fields) []byte {
	card, parts := item.Answer.Card, item.Parts
	told := withheld
	if card != nil {
		told = *card
		parts.Cut(&told)
	}
	if call != CallLookup595 {
		dst = appendCardNumber(dst, &told, own)
	}
	dst = appendText(dst, `,"hoTen":`, keep(parts, verify.PartName, rec.Name))
	if call != CallLookup595 {
		dst = appendDate(dst, `,"ngaySinh":`, keepDate(parts, verify.PartDOB, rec.DOB))
	}
	dst = appendText(dst, `,"gioiTinh":`, sexWord(parts, rec.Sex))
	dst = appendText(dst, `,"diaChi":`, keep(parts, verify.PartAddress, rec.Address))
	dst = appendText(dst, `,"maDKBD":`, facility(&told))
	dst = appendText(dst, `,"cqBHXH":`, keep(parts, verify.PartOffice, rec.Office))
	dst = appendDate(dst, `,"gtTheTu":`, told.From)
	if !told.From.IsZero() && told.To.IsZero() {
		dst = append(dst, `,"gtTheDen":null`...) // open-ended: clients look for the word null
	} else {
		dst = appendDate(dst, `,"gtTheDen":`, told.To)
	}
	dst = appendArea(dst, told.Area)
	dst = appendDate(dst, `,"ngayDu5Nam":`, told.FiveYears)
	if call == CallLookup595 {
		return append(dst, `,"dsLichSuKCB":null}`...)
	}
	dst = appendKey(dst, `,"maSoBHXH":`, item.Code())
	if parts.Has(verify.PartSuccessor) {
		dst = appendChange(dst, item.Answer.Successor)
	} else {
		dst = append(dst, noChange...)
	}
	return append(dst, noHistory...)
}

func keep(parts, one verify.Parts, text []byte) []byte {
	if !parts.Has(one) {
		return nil
	}
	return text
}

func keepDate(parts, one verify.Parts, d identity.Date) identity.Date {
	if !parts.Has(one) {
		return identity.Date{}
	}
	return d
}

// appendCardNumber tells the card that settled the outcome. Without one (a number that was replaced, a child not yet
// issued a card) it is what was asked by: maThe must not be null where maTheMoi may be set.
func appendCardNumber(dst []byte, card *verify.Card, own *Fields) []byte {
	if card.Number.IsZero() {
		return appendText(dst, `,"maThe":`, own[FieldMaThe])
	}
	return appendKey(dst, `,"maThe":`, card.Number)
}

// appendChange tells the newer card. maTheCu stays null: a client that finds it set takes the change for done.
func appendChange(dst []byte, next *verify.Card) []byte {
	if next == nil {
		return append(dst, noChange...)
	}
	dst = appendKey(append(dst, `,"maTheCu":null`...), `,"maTheMoi":`, next.Number)
	dst = appendDate(dst, `,"gtTheTuMoi":`, next.From)
	if next.To.IsZero() {
		dst = append(dst, `,"gtTheDenMoi":null`...)
	} else {
		dst = appendDate(dst, `,"gtTheDenMoi":`, next.To)
	}
	dst = appendText(dst, `,"maDKBDMoi":`, facility(next))
	return appendText(dst, `,"tenDKBDMoi":`, next.FacilityName)
}

func appendText[T string | []byte](dst []byte, key string, text T) []byte {
	return jsontext.AppendString(append(dst, key...), text)
}

func appendKey(dst []byte, key string, k identity.Key) []byte {
	var buf [identity.MaxKeyLen]byte
	return appendText(dst, key, k.AppendTo(buf[:0]))
}

func appendDate(dst []byte, key string, d identity.Date) []byte {
	dst = append(append(dst, key...), '"')
	return append(d.AppendPortal(dst), '"')
}

func appendArea(dst []byte, area uint8) []byte {
	dst = append(dst, `,"maKV":"`...)
	if area >= 1 && area <= 3 {
		dst = append(dst, 'K', '0'+area)
	}
	return append(dst, '"')
}

func facility(c *verify.Card) []byte {
	if c.Facility.IsZero() {
		return nil
	}
	return c.Facility[:]
}

func sexWord(parts verify.Parts, s identity.Sex) string {
	if !parts.Has(verify.PartSex) {
		return ""
	}
	switch s {
	case identity.Male:
		return "Nam"
	case identity.Female:
		return "Nữ"
	}
	return "Chưa xác định"
}
