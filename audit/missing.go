package audit

import (
	"encoding/hex"
	"fmt"
	"slices"
	"time"
)

// MissingEpoch says that a stretch of the log could not be searched for a person, because the key that people were
// hidden under at that time is not there. It is an error for [Search]'s Problem, and reads as JSON.
type MissingEpoch struct {
	Epoch       uint32    `json:"epoch"`
	Fingerprint string    `json:"fingerprint"` // of the key that is missing, hexadecimal
	Another     bool      `json:"another_key"` // there is a key of that number, and it is another
	Segments    int       `json:"segments"`    // that could not be searched
	From        time.Time `json:"from"`        // when the first of them was begun
	Until       time.Time `json:"until,omitzero"`
}

// Error names the epoch, its time and the reason.
func (m *MissingEpoch) Error() string {
	why := "its key is missing"
	if m.Another {
		why = "the key of that number is another one"
	}
	until := "now"
	if !m.Until.IsZero() {
		until = m.Until.Format(time.RFC3339)
	}
	return fmt.Sprintf("epoch %d (key %s, %d segments, %s to %s) was not searched for a person: %s",
		m.Epoch, m.Fingerprint, m.Segments, m.From.Format(time.RFC3339), until, why)
}

// misses notes a segment that could not be searched.
func (s *Search) misses(e *evidence) {
	h := e.header
	fingerprint := hex.EncodeToString(h.fingerprint[:])
	same := func(m *MissingEpoch) bool { return m.Epoch == h.epoch && m.Fingerprint == fingerprint }
	i := slices.IndexFunc(s.missing, same)
	if i < 0 {
		another := slices.ContainsFunc(s.Filter.Epochs, func(k *Epoch) bool { return k.Number == h.epoch })
		i = len(s.missing)
		s.missing = append(s.missing, &MissingEpoch{Epoch: h.epoch, Fingerprint: fingerprint, Another: another, From: time.Unix(0, h.created).UTC()})
	}
	m := s.missing[i]
	m.Segments++
	if m.Until = (time.Time{}); e.sealed != nil {
		m.Until = time.Unix(0, e.sealed.to).UTC()
	}
}
