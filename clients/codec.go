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

// refuseRepeatedKeys refuses a key that occurs twice in an object, letter case aside: the decoder would silently take the
// last. It looks at the text itself, because the decoder's tokens cost more than all the rest of reading a directory.
func refuseRepeatedKeys(line []byte) error {
	if !json.Valid(line) {
		return nil // the decoder says why
	}
	var room [64][]byte
	var levels [16]int
	keys, starts := room[:0], levels[:0] // keys of all open objects; where those of each begin
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '{':
			starts = append(starts, len(keys))
		case '}':
			keys, starts = keys[:starts[len(starts)-1]], starts[:len(starts)-1]
		case '"':
			text, end := quoted(line, i)
			i = end - 1
			if !isKey(line[end:]) {
				continue
			}
			for _, k := range keys[starts[len(starts)-1]:] {
				if bytes.EqualFold(k, text) {
					return fmt.Errorf("%s: given twice", cut(strings.ToLower(string(text))))
				}
			}
			keys = append(keys, text)
		}
	}
	return nil
}

// quoted returns what the JSON string that begins at i says, and where it ends. The line is valid JSON.
func quoted(line []byte, i int) (text []byte, end int) {
	plain := true
	for end = i + 1; line[end] != '"'; end++ {
		if line[end] == '\\' {
			plain = false
			end++
		}
	}
	end++
	if plain {
		return line[i+1 : end-1], end
	}
	var s string
	if json.Unmarshal(line[i:end], &s) != nil {
		return line[i+1 : end-1], end // cannot be: the whole line is valid
	}
	return []byte(s), end
}

// isKey tells whether a string that ends here is a key: a colon follows, which stands nowhere else in valid JSON.
func isKey(rest []byte) bool {
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return len(rest) > 0 && rest[0] == ':'
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
