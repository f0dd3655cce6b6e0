package registry

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// journalFormat is the format of the change file: a head, then one stored person a line.
const journalFormat = 1

// journalHead is the first line of a change file.
type journalHead struct {
	Format int    `json:"format"`
	Nation string `json:"nation"`
	Epoch  string `json:"epoch"` // random: tells two histories of the same nation apart
}

// journal is the append-only file of what the lab changed: NDJSON, a head and then a person after each change. Without
// a path it only has an epoch. It belongs to one goroutine at a time.
type journal struct {
	file   *os.File // nil: kept in memory only
	size   int64    // of what is known to be whole and on disk
	epoch  string
	torn   int64 // bytes of an incomplete last line that were dropped at the start
	broken bool  // closed, or a failed write could not be undone
}

// openJournal opens or makes the change file of a nation and hands every change in it to replay, in order. A last line
// that is not complete is dropped; anything else that cannot be read is an error.
func openJournal(path, nation string, replay func(*state)) (*journal, error) {
	if path == "" {
		return &journal{epoch: newEpoch()}, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("making the folder: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the change file: %w", err)
	}
	j := &journal{file: f}
	if err := j.start(nation, replay); err != nil {
		return nil, errors.Join(fmt.Errorf("change file %s: %w", filepath.Base(path), err), f.Close())
	}
	return j, nil
}

func (j *journal) start(nation string, replay func(*state)) error {
	if err := lockFile(j.file); err != nil {
		return fmt.Errorf("another registry is using it: %w", err)
	}
	if err := j.read(nation, replay); err != nil {
		return err
	}
	end, err := j.file.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("finding its end: %w", err)
	}
	if j.torn = end - j.size; j.torn > 0 {
		if err := j.file.Truncate(j.size); err != nil {
			return fmt.Errorf("dropping the incomplete last line: %w", err)
		}
	}
	if j.size > 0 {
		return nil
	}
	j.epoch = newEpoch()
	if err := j.append(journalHead{Format: journalFormat, Nation: nation, Epoch: j.epoch}); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(j.file.Name()))
}

// syncFolder makes a new file's name as durable as what is in it.
func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening the folder: %w", err)
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// read takes in every complete line and leaves j.size behind the last of them.
func (j *journal) read(nation string, replay func(*state)) error {
	in := bufio.NewReaderSize(j.file, 1<<20)
	version := uint64(firstVersion)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil // what is left has no end of line: a write that a crash cut short
		}
		if err != nil {
			return fmt.Errorf("reading line %d: %w", n, err)
		}
		if n == 1 {
			err = j.readHead(line, nation)
		} else {
			version++
			err = readChange(line, version, replay)
		}
		if err != nil {
			return fmt.Errorf("line %d is damaged: %w", n, err)
		}
		j.size += int64(len(line))
	}
}

func (j *journal) readHead(line []byte, nation string) error {
	var h journalHead
	if err := strictly(line, &h); err != nil {
		return err
	}
	switch {
	case h.Format != journalFormat:
		return fmt.Errorf("format %d is not known, only %d", h.Format, journalFormat)
	case h.Nation != nation:
		return fmt.Errorf("it belongs to nation %q, not %q", h.Nation, nation)
	case h.Epoch == "":
		return errors.New("it has no epoch")
	}
	j.epoch = h.Epoch
	return nil
}

func readChange(line []byte, version uint64, replay func(*state)) error {
	var l stored[shown]
	if err := strictly(line, &l); err != nil {
		return err
	}
	if l.Version != version {
		return fmt.Errorf("version %d where %d must follow", l.Version, version)
	}
	replay(restore(&l))
	return nil
}

// strictly decodes one JSON value. Its errors name the fault's place and kind only: a decoder's own words may quote
// what it read.
func strictly(line []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("not the JSON expected, near byte %d", d.InputOffset())
	}
	if d.More() {
		return fmt.Errorf("more than one value, from byte %d", d.InputOffset())
	}
	return nil
}

// append writes values as lines and returns when they are on disk. After an error nothing of them is in the file.
func (j *journal) append(values ...any) error {
	if j.broken {
		return errors.New("appending to the change file: it is closed or an earlier failure left it unusable")
	}
	if j.file == nil {
		return nil
	}
	var lines bytes.Buffer
	out := json.NewEncoder(&lines)
	out.SetEscapeHTML(false)
	for _, v := range values {
		if err := out.Encode(v); err != nil {
			return fmt.Errorf("encoding a change: %w", err)
		}
	}
	_, err := j.file.WriteAt(lines.Bytes(), j.size)
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		if undo := j.file.Truncate(j.size); undo != nil {
			j.broken = true
		}
		return fmt.Errorf("appending to the change file: %w", err)
	}
	j.size += int64(lines.Len())
	return nil
}

// close ends the journal: nothing more can be appended, not even to one in memory.
func (j *journal) close() error {
	f := j.file
	j.file, j.broken = nil, true
	if f == nil {
		return nil
	}
	return f.Close()
}

func newEpoch() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
