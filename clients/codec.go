package clients

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// File is a whole directory: every caller, in the order of the file.
type File struct {
	Entries []*Entry
}

// fileHeader is the first line of a directory file; another number is another format.
const fileHeader = `{"verigate_clients":1}`

const (
	maxLine = 1 << 20
	// MaxFile bounds a directory file in bytes; 13,000 callers with a dozen officers each take about 40 MiB.
	MaxFile = 256 << 20
)

// Decode reads a directory file: UTF-8 text, the header line and then one JSON object a line, each an [Entry]. Empty
// lines are allowed. Unknown and repeated keys, unknown words, repeated ids, accounts and keys are refused; the error
// joins every fault, each with its line.
func Decode(r io.Reader) (*File, error) {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 64<<10), maxLine)
	f, faults := new(File), new(faultList)
	seen := newUniqueness()
	n := 0
	for in.Scan() {
		n++
		line := bytes.TrimSpace(in.Bytes())
		switch {
		case n == 1 && string(line) != fileHeader:
			return nil, fmt.Errorf("line 1: not a directory file of this version, which begins with %s", fileHeader)
		case n == 1 || len(line) == 0:
			continue
		}
		e, err := decodeEntry(line)
		if err == nil {
			err = seen.add(e)
		}
		if err != nil {
			faults.add(n, err)
			continue
		}
		f.Entries = append(f.Entries, e)
	}
	if err := in.Err(); err != nil {
		faults.add(n+1, err)
	}
	if n == 0 {
		return nil, errors.New("line 1: the file is empty")
	}
	return f, faults.err()
}

func decodeEntry(line []byte) (*Entry, error) {
	if err := refuseRepeatedKeys(line); err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	e := new(Entry)
	if err := dec.Decode(e); err != nil {
		return nil, plainJSON(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("more than one object in the line")
	}
	return e, e.Validate()
}

// plainJSON keeps the decoder's reason without its Go names.
func plainJSON(err error) error {
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s: cannot be a %s", t.Field, t.Value)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the object is cut off")
	}
	return errors.New(strings.TrimPrefix(err.Error(), "json: "))
}

// refuseRepeatedKeys walks one JSON value and refuses a key that occurs twice in an object, letter case aside: the
// decoder would silently take the last.
func refuseRepeatedKeys(line []byte) error {
	dec := json.NewDecoder(bytes.NewReader(line))
	type level struct {
		keys  map[string]bool // nil: an array
		value bool            // the next token is a value
	}
	var stack []level
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return plainJSON(err)
		}
		top := len(stack) - 1
		if name, ok := tok.(string); ok && top >= 0 && stack[top].keys != nil && !stack[top].value {
			name = strings.ToLower(name)
			if stack[top].keys[name] {
				return fmt.Errorf("%s: given twice", name)
			}
			stack[top].keys[name], stack[top].value = true, true
			continue
		}
		if top >= 0 {
			stack[top].value = false
		}
		switch tok {
		case json.Delim('{'):
			stack = append(stack, level{keys: map[string]bool{}})
		case json.Delim('['):
			stack = append(stack, level{})
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:top]
		}
	}
}

// Encode writes the directory in the form that [Decode] reads.
func (f *File) Encode(w io.Writer) error {
	out := bufio.NewWriterSize(w, 1<<20)
	out.WriteString(fileHeader + "\n")
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for _, e := range f.Entries {
		if err := enc.Encode(e); err != nil {
			return fmt.Errorf("writing the entry of %s: %w", e.ID, err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing the directory: %w", err)
	}
	return nil
}

// Find returns the entry with the given id, or nil.
func (f *File) Find(id string) *Entry {
	for _, e := range f.Entries {
		if e.ID == id {
			return e
		}
	}
	return nil
}

// maxFaults bounds how many faults of one file are told; nobody reads more in one go.
const maxFaults = 20

type faultList struct {
	faults []error
	more   int
}

func (l *faultList) add(line int, err error) {
	if len(l.faults) == maxFaults {
		l.more++
		return
	}
	l.faults = append(l.faults, fmt.Errorf("line %d: %w", line, err))
}

func (l *faultList) err() error {
	if l.more > 0 {
		return errors.Join(append(l.faults, fmt.Errorf("and %d faults more", l.more))...)
	}
	return errors.Join(l.faults...)
}
