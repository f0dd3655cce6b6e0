package audit

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Export writes records for other programs, one after the other. It keeps nothing; it is not safe for concurrent use.
type Export struct {
	json    *json.Encoder
	csv     *csv.Writer
	records int
}

// columns are the head of a CSV export: the keys of NDJSON, what is nested flattened.
var columns = []string{
	"seq", "segment", "type", "at", "request_id", "row", "caller", "caller_kind", "key", "facility", "staff", "call", "purpose", "kind", "subject",
	"outcome", "reason", "trouble", "code", "name", "dob", "sex", "field_facility", "released", "source", "as_of", "version", "rules",
	"number", "address", "event", "actor", "detail",
}

// NewExport makes an export in the format "ndjson" or "csv".
func NewExport(w io.Writer, format string) *Export {
	if format != "csv" {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return &Export{json: enc}
	}
	e := &Export{csv: csv.NewWriter(w)}
	_ = e.csv.Write(columns) // a fault shows at the end
	return e
}

// Add writes one find; it has the form of [Search.Visit].
func (e *Export) Add(f *Found) error {
	e.records++
	l := lineOf(f)
	var err error
	if e.csv != nil {
		err = e.csv.Write(l.row())
	} else {
		err = e.json.Encode(&l)
	}
	if err != nil {
		return fmt.Errorf("exporting record %d: %w", f.Seq, err)
	}
	return nil
}

// End writes what is still buffered.
func (e *Export) End() error {
	if e.csv == nil {
		return nil
	}
	e.csv.Flush()
	if err := e.csv.Error(); err != nil {
		return fmt.Errorf("exporting: %w", err)
	}
	return nil
}

// Records returns how many were written.
func (e *Export) Records() int { return e.records }

// row is the line in the order of columns; a number that does not apply is empty.
func (l *line) row() []string {
	var f fields
	if l.Fields != nil {
		f = *l.Fields
	}
	detail := ""
	if len(l.Detail) > 0 {
		b, _ := json.Marshal(l.Detail) // strings always marshal
		detail = string(b)
	}
	return []string{
		number(l.Seq), number(l.Segment), l.Type, l.At, l.RequestID, number(uint64(l.Row)), safe(l.Caller), l.CallerKind, l.Key, l.Facility, l.Staff, l.Call, l.Purpose,
		l.Kind, l.Subject, l.Outcome, l.Reason, l.Trouble, l.Code, f.Name, f.DOB, f.Sex, f.Facility, strings.Join(l.Released, " "), l.Source, l.AsOf,
		number(l.Version), number(uint64(l.Rules)), number(uint64(l.Number)), l.Address, l.Event, safe(l.Actor), safe(detail),
	}
}

func number(n uint64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}

// safe keeps a spreadsheet from taking a text for a formula.
func safe(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
