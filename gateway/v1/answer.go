package v1

import (
	"strconv"
	"time"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/jsontext"
	"github.com/verigate/verigate/resolve"
	"github.com/verigate/verigate/verify"
)

// AppendLookup appends the answer to a lookup: outcome, fields, coverage, successor, reason, portal_code, message,
// source, as_of, max_age_s, request_id, in this order. Only item.Parts are in it. The outcome must not be unavailable or
// withheld, which are problems. It does not allocate beyond dst.
func AppendLookup(dst []byte, item *resolve.Item, lang Language, id verify.RequestID) []byte {
	a := &item.Answer
	dst = appendOutcome(dst, item)
	dst = append(dst, `,"coverage":`...)
	if item.Parts.Any(verify.PartsCoverage) && a.Card != nil {
		dst = appendCoverage(dst, item.Parts, a.Card, item.Code())
	} else {
		dst = append(dst, "null"...)
	}
	dst = append(dst, `,"successor":`...)
	if item.Parts.Has(verify.PartSuccessor) {
		dst = appendSuccessor(dst, a)
	} else {
		dst = append(dst, "null"...)
	}
	dst = append(dst, `,"reason":`...)
	if item.Parts.Has(verify.PartReason) && a.Reason != verify.ReasonNone {
		dst = jsontext.AppendString(dst, a.Reason.String())
	} else {
		dst = append(dst, "null"...)
	}
	dst = append(dst, `,"portal_code":`...)
	if hidden(item) {
		dst = append(dst, "null"...)
	} else {
		dst = jsontext.AppendString(dst, a.Status.Code())
	}
	dst = appendMessage(dst, item, a.Status, lang)
	return append(appendSource(dst, a, id), '}')
}

// AppendVerification appends the answer to a verification: outcome, fields, message, source, as_of, max_age_s,
// request_id, and row when it is not 0. It tells nothing the register knows beyond the outcome: why somebody has no
// coverage, under which code the portal files it and which ministry keeps a card are left out.
func AppendVerification(dst []byte, item *resolve.Item, lang Language, id verify.RequestID, row uint32) []byte {
	a := &item.Answer
	dst = appendOutcome(dst, item)
	status := a.Status
	if a.Outcome != verify.OutcomeMismatch {
		status = plainStatus[a.Outcome]
	}
	dst = appendMessage(dst, item, status, lang)
	dst = appendSource(dst, a, id)
	if row != 0 {
		return appendRow(dst, row)
	}
	return append(dst, '}')
}

// plainStatus words an outcome without its particulars.
var plainStatus = [verify.Outcomes]verify.PortalStatus{
	verify.OutcomeMatch:         verify.Status000,
	verify.OutcomeNotFound:      verify.Status050,
	verify.OutcomeOutOfRegister: verify.StatusOther,
	verify.OutcomeSuperseded:    verify.Status003,
	verify.OutcomeInactive:      verify.Status010,
	verify.OutcomeUnavailable:   verify.Status100,
}

// hidden tells whether the caller may not learn which claim disagrees.
func hidden(item *resolve.Item) bool {
	return item.Answer.Outcome == verify.OutcomeMismatch && !item.Parts.Has(verify.PartResults)
}

func appendOutcome(dst []byte, item *resolve.Item) []byte {
	dst = append(dst, `{"outcome":"`...)
	dst = append(dst, item.Answer.Outcome.String()...)
	dst = append(dst, `","fields":{`...)
	if item.Parts.Has(verify.PartResults) {
		f := &item.Answer.Fields
		start := len(dst)
		dst = appendField(dst, start, "name", f.Name)
		dst = appendField(dst, start, "dob", f.DOB)
		dst = appendField(dst, start, "sex", f.Sex)
		dst = appendField(dst, start, "facility", f.Facility)
	}
	return append(dst, '}')
}

func appendField(dst []byte, start int, name string, r verify.FieldResult) []byte {
	if r == verify.FieldNotGiven {
		return dst
	}
	if len(dst) > start {
		dst = append(dst, ',')
	}
	dst = append(append(append(dst, '"'), name...), `":"`...)
	return append(append(dst, r.String()...), '"')
}

// appendCoverage appends the card; what of it may not be told is null like what is not there.
func appendCoverage(dst []byte, parts verify.Parts, c *verify.Card, code identity.Key) []byte {
	told := *c
	parts.Cut(&told)
	dst = appendKey(append(dst, `{"card":`...), told.Number)
	dst = appendKey(append(dst, `,"code":`...), code)
	dst = appendValidity(dst, &told)
	dst = append(dst, `,"benefit":`...)
	if parts.Has(verify.PartBenefit) {
		dst = strconv.AppendUint(dst, uint64(told.Benefit), 10)
	} else {
		dst = append(dst, "null"...)
	}
	dst = append(dst, `,"area":`...)
	if told.Area != 0 {
		dst = append(dst, '"', 'K', '0'+told.Area, '"')
	} else {
		dst = append(dst, "null"...)
	}
	dst = appendDate(append(dst, `,"five_years_from":`...), told.FiveYears)
	return append(dst, '}')
}

// appendSuccessor tells what replaces the identifier asked by, or the card: null, or id and code (the new number when
// one of those was replaced), card, valid_from, valid_to, facility.
func appendSuccessor(dst []byte, a *verify.Answer) []byte {
	if a.Successor == nil && a.NewKey.IsZero() {
		return append(dst, "null"...)
	}
	var id, code identity.Key
	switch a.NewKey.Kind() {
	case identity.KindID:
		id = a.NewKey
	case identity.KindCode:
		code = a.NewKey
	}
	dst = appendKey(append(dst, `{"id":`...), id)
	dst = appendKey(append(dst, `,"code":`...), code)
	card := a.Successor
	if card == nil {
		card = new(verify.Card)
	}
	dst = appendKey(append(dst, `,"card":`...), card.Number)
	return append(appendValidity(dst, card), '}')
}

func appendValidity(dst []byte, c *verify.Card) []byte {
	dst = appendDate(append(dst, `,"valid_from":`...), c.From)
	dst = appendDate(append(dst, `,"valid_to":`...), c.To)
	dst = append(dst, `,"facility":`...)
	if c.Facility.IsZero() {
		return append(dst, "null"...)
	}
	return jsontext.AppendString(dst, c.Facility[:])
}

func appendKey(dst []byte, k identity.Key) []byte {
	if k.IsZero() {
		return append(dst, "null"...)
	}
	var buf [identity.MaxKeyLen]byte
	return jsontext.AppendString(dst, k.AppendTo(buf[:0]))
}

func appendDate(dst []byte, d identity.Date) []byte {
	if d.IsZero() {
		return append(dst, "null"...)
	}
	return append(d.AppendISO(append(dst, '"')), '"')
}

var hiddenMessage = [2]string{"Thông tin khai báo không khớp với dữ liệu đăng ký!", "The details given do not agree with the register."}

func appendMessage(dst []byte, item *resolve.Item, s verify.PortalStatus, lang Language) []byte {
	text := s.Vietnamese()
	switch {
	case hidden(item):
		text = hiddenMessage[lang]
	case lang == English:
		text = s.English()
	}
	return jsontext.AppendString(append(dst, `,"message":`...), text)
}

func appendSource(dst []byte, a *verify.Answer, id verify.RequestID) []byte {
	dst = append(dst, `,"source":"`...)
	dst = append(dst, a.Source.String()...)
	dst = append(dst, `","as_of":`...)
	if a.AsOf != 0 {
		dst = append(time.Unix(0, a.AsOf).UTC().AppendFormat(append(dst, '"'), time.RFC3339), '"')
	} else {
		dst = append(dst, "null"...)
	}
	dst = append(dst, `,"max_age_s":`...)
	dst = strconv.AppendInt(dst, a.MaxAge/int64(time.Second), 10)
	dst = append(dst, `,"request_id":"`...)
	return append(id.AppendTo(dst), '"')
}
