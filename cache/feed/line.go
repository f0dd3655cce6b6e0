package feed

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/verigate/verigate/identity"
)

// Bounds of what a feed may say; more is refused.
const (
	maxLine  = 64 << 10
	maxKeys  = 256 // identifiers of one change
	maxToken = 4096
)

// line is one line of the feed: a change, or a heartbeat with a watermark.
type line struct {
	token   string
	version uint64
	keys    []identity.Key // of a change
	added   bool           // op upsert
	mark    *mark          // of a heartbeat
}

// mark is a watermark: everything up to version was visible at this time of the registry's clock.
type mark struct {
	Version uint64    `json:"version"`
	At      time.Time `json:"at"`
}

type rawLine struct {
	Token     string   `json:"token"`
	Version   *uint64  `json:"version"`
	Op        string   `json:"op"`
	Keys      []rawKey `json:"keys"`
	Watermark *mark    `json:"watermark"`
}

type rawKey struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

var (
	errJSON  = errors.New("a line is not JSON of the feed's form")
	errToken = errors.New("a line's token is missing or too long")
	errBoth  = errors.New("a line is neither a change nor a heartbeat")
	errOp    = errors.New("a change's op is neither upsert nor remove")
	errKeys  = fmt.Errorf("a change has no keys or more than %d", maxKeys)
	errKey   = errors.New("a key is not an identifier of its kind")
	errMark  = errors.New("a watermark has no time")
)

// parse reads one line. Errors never quote it: it is full of identifiers.
func parse(text []byte) (line, error) {
	var raw rawLine
	if err := json.Unmarshal(text, &raw); err != nil {
		return line{}, errJSON
	}
	l := line{token: raw.Token, mark: raw.Watermark, added: raw.Op == "upsert"}
	switch {
	case raw.Token == "" || len(raw.Token) > maxToken:
		return line{}, errToken
	case (raw.Watermark == nil) == (raw.Version == nil):
		return line{}, errBoth
	case raw.Watermark != nil:
		if raw.Watermark.At.IsZero() {
			return line{}, errMark
		}
		return l, nil
	case raw.Op != "upsert" && raw.Op != "remove":
		return line{}, errOp
	case len(raw.Keys) == 0 || len(raw.Keys) > maxKeys:
		return line{}, errKeys
	}
	l.version = *raw.Version
	l.keys = make([]identity.Key, len(raw.Keys))
	for i, k := range raw.Keys {
		key, ok := identity.NewKey(identity.KindOf(k.Kind), k.Value)
		if !ok || !wellFormed(key) {
			return line{}, errKey
		}
		l.keys[i] = key
	}
	return l, nil
}

// wellFormed tells whether a key has the shape in which callers' identifiers are looked up: an identifier in any other
// shape would be invalidated under a name that nobody asks by.
func wellFormed(k identity.Key) bool {
	if _, ok := identity.PackKey(k); ok {
		return true
	}
	if k.Kind() != identity.KindCard || k.Len() != identity.MaxKeyLen {
		return false
	}
	v := k.Value()
	for i := range len(v) {
		if letter := v[i] >= 'A' && v[i] <= 'Z'; letter != (i < 2) || !letter && (v[i] < '0' || v[i] > '9') {
			return false
		}
	}
	return true
}
