package clients

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ImportColumns are the columns a CSV of callers may have, in any order; id and kind are needed. scopes, purposes and
// officers hold several values: words separated by spaces, officers as "number:name" separated by semicolons. What is
// empty gets the default of the kind. key is "yes" or "no" (issue an API key; default yes). portal_md5 is the MD5 of a
// password the account has already; without it a password is drawn.
var ImportColumns = []string{
	"id", "kind", "facility", "name", "contact", "scopes", "purposes", "rate", "burst", "concurrency", "daily", "people", "unproven",
	"portal_username", "portal_md5", "officers", "key",
}

// maxRows bounds an import; the country has 13,000 facilities.
const maxRows = 1_000_000

// Import adds the callers of a CSV with a header row to the directory and returns the secrets it made. Every faulty row
// is told with its line, and then nothing at all is added.
func (f *File) Import(r io.Reader, s *Secrets, now time.Time) ([]Issued, error) {
	in := csv.NewReader(r)
	in.ReuseRecord = true
	head, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("reading the header row: %w", plainCSV(err))
	}
	columns, err := columnsOf(head)
	if err != nil {
		return nil, err
	}
	have := newUniqueness()
	for _, e := range f.Entries {
		if err := have.add(e); err != nil {
			return nil, err
		}
	}
	var entries []*Entry
	var issued []Issued
	faults := new(faultList)
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		line, _ := in.FieldPos(0)
		if len(entries) == maxRows {
			err = fmt.Errorf("more than %d callers", maxRows)
		}
		if err != nil {
			faults.add(line, plainCSV(err))
			break // where the next row begins is anybody's guess
		}
		e, made, err := row{columns, record}.entry(s, now)
		if err == nil {
			err = have.add(e)
		}
		if err != nil {
			faults.add(line, err)
			continue
		}
		entries, issued = append(entries, e), append(issued, made)
	}
	if err := faults.err(); err != nil {
		return nil, err
	}
	f.Entries = append(f.Entries, entries...)
	return issued, nil
}

// plainCSV keeps a CSV reader's reason without the position it repeats.
func plainCSV(err error) error {
	if p, ok := errors.AsType[*csv.ParseError](err); ok {
		return p.Err
	}
	return err
}

// columnsOf maps each of ImportColumns to its place in the file, -1: it has none.
func columnsOf(head []string) ([]int, error) {
	places := make([]int, len(ImportColumns))
	for i := range places {
		places[i] = -1
	}
	for at, name := range head {
		name = strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))
		i := slices.Index(ImportColumns, name)
		switch {
		case i < 0:
			return nil, fmt.Errorf("line 1: column %q: must be of %s", cut(name), strings.Join(ImportColumns, ", "))
		case places[i] >= 0:
			return nil, fmt.Errorf("line 1: column %q: given twice", name)
		}
		places[i] = at
	}
	if places[0] < 0 || places[1] < 0 {
		return nil, errors.New("line 1: the columns id and kind are needed")
	}
	return places, nil
}

// row is one line of the CSV.
type row struct {
	columns []int
	record  []string
}

func (r row) get(column string) string {
	at := r.columns[slices.Index(ImportColumns, column)]
	if at < 0 {
		return ""
	}
	return strings.Clone(strings.TrimSpace(r.record[at]))
}

func (r row) entry(s *Secrets, now time.Time) (e *Entry, made Issued, err error) {
	if e, err = NewEntry(r.get("id"), r.get("kind")); err != nil {
		return nil, made, err
	}
	e.Facility, e.Name, e.Contact = r.get("facility"), r.get("name"), r.get("contact")
	if words := strings.Fields(r.get("scopes")); len(words) > 0 {
		e.Scopes = words
	}
	if words := strings.Fields(r.get("purposes")); len(words) > 0 {
		e.Purposes = words
	}
	if err := r.limits(&e.Limits); err != nil {
		return nil, made, err
	}
	if err := e.Validate(); err != nil { // before secrets are made for an entry that is refused
		return nil, made, err
	}
	if made, err = r.credentials(e, s, now); err != nil {
		return nil, made, err
	}
	return e, made, r.officers(e, s)
}

func (r row) limits(l *Limits) error {
	for column, to := range map[string]*int64{"rate": &l.Rate, "burst": &l.Burst, "concurrency": &l.Concurrency, "daily": &l.Daily,
		"people": &l.People, "unproven": &l.Unproven} {
		text := r.get(column)
		if text == "" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("%s %q: must be a number", column, cut(text))
		}
		*to = n
	}
	return nil
}

func (r row) credentials(e *Entry, s *Secrets, now time.Time) (made Issued, err error) {
	made.Caller = e.ID
	switch want := r.get("key"); want {
	case "", "yes":
		made = e.AddKey(now, 0)
	case "no":
	default:
		return made, fmt.Errorf("key %q: must be yes or no", cut(want))
	}
	username, sum := r.get("portal_username"), r.get("portal_md5")
	switch {
	case username == "" && sum != "":
		return made, errors.New("portal_md5: needs a portal_username")
	case username == "":
		return made, nil
	case sum != "":
		made.Username = username
		return made, e.SetPasswordMD5(s, username, sum)
	}
	account, err := e.SetPassword(s, username, "")
	made.Username, made.Password = account.Username, account.Password
	return made, err
}

func (r row) officers(e *Entry, s *Secrets) error {
	for pair := range strings.SplitSeq(r.get("officers"), ";") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		number, name, ok := strings.Cut(pair, ":")
		if !ok {
			return errors.New("officers: must be number:name, separated by semicolons")
		}
		if err := e.AddOfficer(s, number, name); err != nil {
			return err
		}
	}
	return nil
}
