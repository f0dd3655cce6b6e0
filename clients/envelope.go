package clients

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// envelope is a directory's text on its way through a place that others can write to: numbered, and sealed by a MAC
// under the directory's key, so that only who has the key file can add a caller, and nobody can pass an older directory
// off as a newer one.
type envelope struct {
	Version uint64 // rises with every change
	Written time.Time
	Text    []byte // as [File.Encode] writes it
}

// envelopeHeader is the first line; the text follows.
type envelopeHeader struct {
	Format  int       `json:"verigate_directory"`
	Version uint64    `json:"version"`
	Written time.Time `json:"written"`
	MAC     string    `json:"mac"`
}

const (
	envelopeFormat    = 1
	maxEnvelopeHeader = 512
	maxEnvelope       = MaxFile + maxEnvelopeHeader
)

// nextVersion follows have. It is at least the time in milliseconds, so that a directory put in place after everything
// was lost still counts as newer than what any node remembers.
func nextVersion(have uint64, now time.Time) uint64 {
	return max(have+1, uint64(now.UnixMilli()))
}

// seal writes the envelope as it is kept.
func (e *envelope) seal(s *Secrets) []byte {
	header, err := json.Marshal(envelopeHeader{envelopeFormat, e.Version, e.Written.UTC(), hex.EncodeToString(s.directoryMAC(e))})
	if err != nil {
		panic(err) // numbers and strings: cannot fail
	}
	out := make([]byte, 0, len(header)+1+len(e.Text))
	return append(append(append(out, header...), '\n'), e.Text...)
}

// openEnvelope reads what seal wrote and refuses anything else. The text is a view into raw.
func openEnvelope(s *Secrets, raw []byte) (*envelope, error) {
	if len(raw) > maxEnvelope {
		return nil, fmt.Errorf("it is longer than %d MiB", MaxFile>>20)
	}
	line, text, ok := bytes.Cut(raw, []byte("\n"))
	if !ok || len(line) > maxEnvelopeHeader {
		return nil, errors.New("it has no header line")
	}
	var h envelopeHeader
	if err := json.Unmarshal(line, &h); err != nil {
		return nil, errors.New("its header line is not one of a directory")
	}
	if h.Format != envelopeFormat {
		return nil, fmt.Errorf("its format is %d, this program reads %d", h.Format, envelopeFormat)
	}
	e := &envelope{Version: h.Version, Written: h.Written, Text: text}
	mac, err := hex.DecodeString(h.MAC)
	if err != nil || !hmac.Equal(mac, s.directoryMAC(e)) {
		return nil, errors.New("its seal does not fit: it was written or changed by somebody without this key file")
	}
	return e, nil
}

// directoryMAC covers everything that is kept, the version included.
func (s *Secrets) directoryMAC(e *envelope) []byte {
	h := hmac.New(sha256.New, s.directory)
	var head [16]byte
	binary.BigEndian.PutUint64(head[:8], e.Version)
	binary.BigEndian.PutUint64(head[8:], uint64(e.Written.UnixNano()))
	h.Write(head[:])
	h.Write(e.Text)
	return h.Sum(nil)
}
