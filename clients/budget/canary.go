package budget

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// canaryList is the people nobody has reason to ask for, by the keyed hash of their numbers; a small open table, because
// every question is looked up in it.
type canaryList struct {
	cells  []canaryCell // a power of two of them; nil: nobody
	people int
}

type canaryCell struct {
	subject verify.Subject
	line    int // of the file, so that a human knows which; 0: an empty cell
}

func (l *canaryList) at(s *verify.Subject) int {
	return (int(s[0])<<8 | int(s[1])) & (len(l.cells) - 1)
}

func (l *canaryList) has(s *verify.Subject) bool { return l.find(s) != 0 }

// find returns the line of the file that a subject stands in, or 0.
func (l *canaryList) find(s *verify.Subject) int {
	if l.cells == nil {
		return 0
	}
	for i := l.at(s); l.cells[i].line != 0; i = (i + 1) & (len(l.cells) - 1) {
		if l.cells[i].subject == *s {
			return l.cells[i].line
		}
	}
	return 0
}

// parseCanaries reads a list. Its error tells the line, never the number in it.
func parseCanaries(text []byte, hasher *verify.SubjectHasher) (*canaryList, error) {
	var found []canaryCell
	n := 0
	for line := range bytes.Lines(text) {
		n++
		words := bytes.Fields(line)
		if len(words) == 0 || words[0][0] == '#' {
			continue
		}
		if len(words) != 2 {
			return nil, fmt.Errorf("line %d: must be a kind and a number", n)
		}
		s, err := canarySubject(string(words[0]), words[1], hasher)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		found = append(found, canaryCell{s, n})
	}
	if len(found) == 0 {
		return nil, errors.New("names nobody")
	}
	return canaryTable(found), nil
}

func canaryTable(found []canaryCell) *canaryList {
	size := 8
	for size < 4*len(found) {
		size *= 2
	}
	l := &canaryList{cells: make([]canaryCell, size)}
	for _, c := range found {
		i := l.at(&c.subject)
		for l.cells[i].line != 0 && l.cells[i].subject != c.subject {
			i = (i + 1) & (size - 1)
		}
		if l.cells[i].line == 0 {
			l.people++
		}
		l.cells[i] = c
	}
	return l
}

func canarySubject(kind string, value []byte, hasher *verify.SubjectHasher) (s verify.Subject, err error) {
	if kind == "subject" {
		if n, err := hex.Decode(s[:], value[:min(len(value), 2*len(s))]); err != nil || n != len(s) || len(value) != 2*len(s) {
			return s, errors.New("subject: must be 32 hexadecimal digits")
		}
		return s, nil
	}
	parse := map[string]func([]byte) (identity.Key, identity.Fault){"id": identity.ParseID, "code": identity.ParseCode, "card": identity.ParseCard}[kind]
	if parse == nil {
		return s, errors.New("must begin with id, code, card or subject")
	}
	k, fault := parse(value)
	if fault != identity.FaultNone {
		return s, fmt.Errorf("%s: %w", kind, fault)
	}
	return hasher.Subject(k), nil
}

// touched counts and tells that somebody asks for a canary. The question is answered like any other, so that who asks
// does not learn what gave them away.
func (b *Budget) touched(now verify.Instant, who *trio, s *verify.Subject) {
	line := b.canary.list.Load().find(s)
	b.m.canaries.Inc()
	for _, a := range who {
		if a == nil || b.memory.remember(a.salt^canarySalt, s, b.at(now), true) {
			continue
		}
		a.mu.Lock()
		a.roll(b.at(now), &b.cfg)
		a.now.n[canaries]++
		a.dirty = true
		a.sum(&b.cfg)
		b.tell(now, a, EventCanary, canaries, func(e *Event) { e.Canary = line })
		b.odd(now, a, 1<<canaries)
		a.mu.Unlock()
	}
}

const canarySalt = 0xc0a1_3140_5eed_0001
