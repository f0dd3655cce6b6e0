package audit

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/verigate/verigate/verify"
)

// line is a record as NDJSON; a key that does not apply is left out.
type line struct {
	Seq     uint64 `json:"seq"`
	Segment uint64 `json:"segment"`
	Type    string `json:"type"`
	At      string `json:"at"`

	RequestID  string   `json:"request_id,omitempty"`
	Row        uint32   `json:"row,omitempty"`
	Caller     string   `json:"caller,omitempty"`
	CallerKind string   `json:"caller_kind,omitempty"`
	Key        string   `json:"key,omitempty"`
	Facility   string   `json:"facility,omitempty"`
	Staff      string   `json:"staff,omitempty"`
	Call       string   `json:"call,omitempty"`
	Purpose    string   `json:"purpose,omitempty"`
	Kind       string   `json:"kind,omitempty"`
	Subject    string   `json:"subject,omitempty"`
	Outcome    string   `json:"outcome,omitempty"`
	Reason     string   `json:"reason,omitempty"`
	Trouble    string   `json:"trouble,omitempty"`
	Code       string   `json:"code,omitempty"`
	Fields     *fields  `json:"fields,omitempty"`
	Released   []string `json:"released,omitempty"`
	Source     string   `json:"source,omitempty"`
	AsOf       string   `json:"as_of,omitempty"`
	Version    uint64   `json:"version,omitempty"`
	Rules      uint16   `json:"rules,omitempty"`

	Number  uint32 `json:"number,omitempty"`
	Address string `json:"address,omitempty"`

	Event  string            `json:"event,omitempty"`
	Actor  string            `json:"actor,omitempty"`
	Detail map[string]string `json:"detail,omitempty"`
}

type fields struct {
	Name     string `json:"name"`
	DOB      string `json:"dob"`
	Sex      string `json:"sex"`
	Facility string `json:"facility"`
	Initials bool   `json:"initials,omitempty"`
}

var releasedNames = [...]string{"coverage", "person", "successor", "details", "reason"}

func timeText(ns int64) string {
	if ns == 0 {
		return ""
	}
	return time.Unix(0, ns).UTC().Format(time.RFC3339Nano)
}

func hashText(s verify.Subject) string {
	if s == (verify.Subject{}) {
		return ""
	}
	return hex.EncodeToString(s[:])
}

func lineOf(f *Found) line {
	l := line{Seq: f.Seq, Segment: f.Segment}
	switch {
	case f.Decision != nil:
		l.decision(f.Decision)
	case f.Count != nil:
		c := f.Count
		l.Type, l.At, l.Number, l.Caller, l.Code = TypeCount.String(), timeText(c.At), c.Number, c.Caller, c.Code
		if c.Address.IsValid() {
			l.Address = c.Address.String()
		}
	case f.Event != nil:
		e := f.Event
		l.Type, l.At, l.Event, l.Actor, l.Detail = TypeEvent.String(), timeText(e.At), e.Kind, e.Actor, e.Detail
	}
	return l
}

func (l *line) decision(d *Decision) {
	l.Type, l.At = TypeDecision.String(), timeText(d.At)
	l.RequestID, l.Row = d.RequestID.String(), d.Row
	l.Caller, l.CallerKind, l.Key, l.Facility = string(d.Caller), d.CallerKind.String(), string(d.Key), d.Facility.String()
	l.Staff, l.Subject = hashText(d.Staff), hashText(d.Subject)
	l.Call, l.Purpose = d.Call.String(), d.Purpose.String()
	if d.Kind != 0 {
		l.Kind = d.Kind.String()
	}
	l.Outcome, l.Reason, l.Trouble, l.Code = d.Outcome.String(), d.Reason.String(), d.Trouble.String(), string(d.Code)
	if d.Outcome != verify.OutcomeNone {
		l.Fields = &fields{d.Fields.Name.String(), d.Fields.DOB.String(), d.Fields.Sex.String(), d.Fields.Facility.String(), d.Fields.Initials}
	}
	for i, name := range releasedNames {
		if d.Released&(1<<i) != 0 {
			l.Released = append(l.Released, name)
		}
	}
	l.Source, l.AsOf, l.Version, l.Rules = d.Source.String(), timeText(d.AsOf), d.Version, d.Rules
}

// WriteNDJSON writes a record as one line of JSON.
func WriteNDJSON(w io.Writer, f *Found) error {
	b, err := json.Marshal(lineOf(f))
	if err != nil {
		return fmt.Errorf("writing record %d: %w", f.Seq, err)
	}
	if _, err := w.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("writing record %d: %w", f.Seq, err)
	}
	return nil
}

// WriteText writes a record as one line for people.
func WriteText(w io.Writer, f *Found) error {
	l := lineOf(f)
	var s string
	switch {
	case f.Decision != nil:
		s = fmt.Sprintf("%s %s %s %s %s/%s %s %s", l.RequestID, dash(l.Caller), dash(l.Facility), l.Call, dash(l.Purpose), l.Kind, dash(l.Outcome), l.Code)
		if l.Source != "" {
			s += " from " + l.Source
		}
		if len(l.Released) > 0 {
			s += " released " + strings.Join(l.Released, ",")
		}
	case f.Count != nil:
		s = fmt.Sprintf("%d × %s to %s %s", l.Number, l.Code, dash(l.Caller), l.Address)
	case f.Event != nil:
		s = fmt.Sprintf("%s by %s%s", l.Event, dash(l.Actor), pairs(l.Detail))
	}
	if _, err := fmt.Fprintf(w, "%10d %s %-8s %s\n", l.Seq, l.At, l.Type, s); err != nil {
		return fmt.Errorf("writing record %d: %w", f.Seq, err)
	}
	return nil
}

// pairs are the details of an event in the order of their names, each after a blank.
func pairs(detail map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(detail)) {
		value := detail[name]
		if value == "" || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r == '"' || r == 0x7f }) {
			value = strconv.Quote(value)
		}
		b.WriteString(" " + name + "=" + value)
	}
	return b.String()
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
