package cache_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/verigate/verigate/cache/feed"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// A world in which nodes, a registry and a shared cache live in simulated time: the model test's surroundings.

// worldStart is when the world began, in simulated time.
var worldStart time.Time

// world is the true time and the dice.
type world struct {
	mu   sync.Mutex
	dice *rand.Rand
}

func (w *world) intn(n int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dice.IntN(n)
}

func (w *world) chance(percent int) bool { return w.intn(100) < percent }

// upTo lets a random time below d pass.
func (w *world) upTo(d time.Duration) { pass(time.Duration(w.intn(int(d)))) }

func pass(d time.Duration) { <-time.After(d) }

// now is the true monotonic time in nanoseconds.
func now() int64 { return int64(time.Since(worldStart)) }

// person is everything that was ever true of one identifier.
type person struct {
	key     identity.Key
	history []event // what was visible from when on; before the first: never issued
}

type event struct {
	version uint64
	at      int64
	gone    bool // removed from the register
}

// current is what is visible at a moment.
func (p *person) current(at int64) (e event, known bool) {
	for _, e := range slices.Backward(p.history) {
		if e.at <= at {
			return e, !e.gone
		}
	}
	return event{}, false
}

// overtaken is when something newer than version became visible; 0: never.
func (p *person) overtaken(version uint64) int64 {
	// Those who are asked about most have tens of thousands of changes behind them.
	n, found := slices.BinarySearchFunc(p.history, version, func(e event, v uint64) int { return cmp.Compare(e.version, v) })
	if found {
		n++
	}
	if n == len(p.history) {
		return 0
	}
	return p.history[n].at
}

// register is the registry: people, their changes, the feed.
type register struct {
	*world
	mu      sync.Mutex
	people  []*person
	born    int // how many of them were ever known
	version uint64
	changes []change // in order of versions, without gaps
	oldest  uint64   // tokens below are no longer good
	paused  bool
	frozen  mark
	told    int64
}

type change struct {
	version uint64
	person  *person
	gone    bool
}

type mark struct {
	version uint64
	at      int64
}

func newRegister(w *world, people, born int) *register {
	r := &register{world: w, version: 1}
	for i := range people {
		k, _ := identity.UnpackKey(identity.KindID, 1_080_000_000+uint64(i)*7)
		r.people = append(r.people, &person{key: k})
	}
	for range born {
		r.birth()
	}
	return r
}

// birth makes one more person known, while there are any.
func (r *register) birth() {
	if r.born < len(r.people) {
		r.born++
		r.change(r.people[r.born-1], false)
	}
}

// somebody is one of those who were ever known.
func (r *register) somebody() *person { return r.people[r.intn(r.born)] }

// change makes something new visible.
func (r *register) change(p *person, gone bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.version++
	p.history = append(p.history, event{version: r.version, at: now(), gone: gone})
	r.changes = append(r.changes, change{r.version, p, gone})
}

func (r *register) markLocked() mark {
	if r.paused {
		return r.frozen
	}
	r.told = max(r.told+1000, now())
	return mark{r.version, r.told}
}

func (r *register) setPaused(paused bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if paused && !r.paused {
		r.frozen = r.markLocked()
	}
	r.paused = paused
}

// forget makes all tokens but those of the newest few changes expire.
func (r *register) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.oldest = r.version - min(r.version, 3)
}

// answer is what the registry says of a person now. An absence carries the version as of which it is true.
func (r *register) answer(p *person) verify.Held {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := verify.Held{Source: verify.SourceRegistry, AsOf: now()}
	if e, known := p.current(now()); known {
		h.State, h.Version, h.Record = verify.StatePresent, e.version, strconv.AppendUint(nil, e.version, 10)
	} else {
		h.State, h.Version = verify.StateAbsent, r.version
	}
	return h
}

// Export implements prefilter.Source: everybody who was ever known.
func (r *register) Export(_ context.Context, kind identity.Kind, _ string, _ uint64) (io.ReadCloser, error) {
	const block = 1 << 14
	r.mu.Lock()
	m := r.markLocked()
	var keys []uint64
	for _, p := range r.people {
		if len(p.history) > 0 {
			packed, _ := identity.PackKey(p.key)
			keys = append(keys, packed)
		}
	}
	r.mu.Unlock()
	head, err := json.Marshal(map[string]any{
		"format": 1, "registry": "model", "snapshot": "s", "kind": kind.String(), "count": len(keys), "blocks": (len(keys) + block - 1) / block, "after": 0,
		"watermark": map[string]any{"version": m.version, "at": worldStart.Add(time.Duration(m.at))}, "feed_token": token(m.version),
		"coverage": map[string]any{"ranges": []any{}},
	})
	le := binary.LittleEndian
	var sums []byte
	b := append(head, '\n')
	for some := range slices.Chunk(keys, block) {
		b = le.AppendUint32(b, uint32(len(some)))
		from := len(b)
		for _, k := range some {
			b = le.AppendUint64(b, k)
		}
		sums = le.AppendUint64(sums, xxh3.Hash(b[from:]))
		b = append(b, sums[len(sums)-8:]...)
	}
	b = le.AppendUint64(le.AppendUint32(b, 0), uint64(len(keys)))
	b = le.AppendUint64(b, xxh3.Hash(sums))
	return io.NopCloser(bytes.NewReader(b)), err
}

func token(version uint64) string { return "t" + strconv.FormatUint(version, 10) }

// link is one node's way to the registry.
type link struct {
	*register
	mu   sync.Mutex
	down bool
	slow time.Duration // what a line of the feed may take
}

var errCut = errors.New("no way to the registry")

func (l *link) isDown() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.down
}

func (l *link) set(change func(*link)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(l)
}

func (l *link) delay() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.slow
}

// Changes implements feed.Source.
func (l *link) Changes(ctx context.Context, after string, wait time.Duration) (io.ReadCloser, error) {
	if l.isDown() {
		return nil, errCut
	}
	l.register.mu.Lock()
	from, _ := strconv.ParseUint(strings.TrimPrefix(after, "t"), 10, 64)
	expired := after != "" && from < l.oldest
	from = max(from, l.oldest)
	l.register.mu.Unlock()
	if expired {
		return nil, feed.ErrTokenExpired
	}
	r, w := io.Pipe()
	go func() { _ = w.CloseWithError(l.stream(ctx, w, from, wait)) }()
	return r, nil
}

func (l *link) stream(ctx context.Context, w io.Writer, from uint64, wait time.Duration) error {
	for end, next := now()+int64(wait), int64(0); now() < end && ctx.Err() == nil; {
		var text string
		text, from = l.lines(from, now() >= next)
		if now() >= next {
			next = now() + int64(time.Second)
		}
		if slow := l.delay(); slow > 0 {
			l.upTo(slow)
		}
		if l.isDown() || l.intn(2000) == 0 {
			_, _ = io.WriteString(w, text[:len(text)/2])
			return errCut
		}
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
		pass(50 * time.Millisecond)
	}
	return nil
}

// lines renders what came since a version: changes, some of them twice or in another order, and a heartbeat.
func (l *link) lines(from uint64, heartbeat bool) (text string, last uint64) {
	l.register.mu.Lock()
	m := l.markLocked()
	var due []change
	for i := len(l.changes) - 1; i >= 0 && l.changes[i].version > from; i-- {
		if l.changes[i].version <= m.version {
			due = append(due, l.changes[i])
		}
	}
	l.register.mu.Unlock()
	slices.Reverse(due)
	var b strings.Builder
	if len(due) > 1 && l.chance(20) {
		l.world.mu.Lock()
		l.dice.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] })
		l.world.mu.Unlock()
		for _, c := range due {
			writeChange(&b, c, from) // nobody may go on from inside
		}
	} else {
		for _, c := range due {
			writeChange(&b, c, c.version)
			if l.chance(5) {
				writeChange(&b, c, c.version)
			}
		}
	}
	last = from
	for _, c := range due {
		last = max(last, c.version)
	}
	if heartbeat {
		fmt.Fprintf(&b, `{"token":%q,"watermark":{"version":%d,"at":%q}}`+"\n", token(last), max(m.version, last),
			worldStart.Add(time.Duration(m.at)).UTC().Format(time.RFC3339Nano))
	}
	return b.String(), last
}

func writeChange(b *strings.Builder, c change, have uint64) {
	op := "upsert"
	if c.gone {
		op = "remove"
	}
	fmt.Fprintf(b, `{"token":%q,"version":%d,"op":%q,"keys":[{"kind":"id","value":%q}]}`+"\n", token(have), c.version, op, c.person.key.Value())
}

// store is the shared cache's server: it knows versions, tombstones, and its own clock.
type store struct {
	*world
	mu     sync.Mutex
	values map[verify.Subject]value
}

type value struct {
	held    verify.Held
	tomb    bool
	age     int64 // when written
	written int64
	life    int64
}

// fill writes what is not older than what is there.
func (s *store) fill(subject verify.Subject, h verify.Held, age, life int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.live(subject); ok && (v.held.Version > h.Version || v.held.Version == h.Version && !v.tomb && v.left() >= life) {
		return
	}
	s.values[subject] = value{held: h, age: age, written: now(), life: life}
}

func (s *store) bury(subject verify.Subject, version uint64, life int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.live(subject); ok && v.held.Version >= version {
		return
	}
	s.values[subject] = value{held: verify.Held{Version: version}, tomb: true, written: now(), life: life}
}

func (v *value) left() int64 { return v.written + v.life - now() }

func (s *store) live(subject verify.Subject) (value, bool) {
	v, ok := s.values[subject]
	return v, ok && v.left() > 0
}

// attached is one node's way to the store. It implements cache.Shared.
type attached struct {
	*store
	clock verify.Clock
	keep  func(verify.State) int64
	mu    sync.Mutex
	down  bool
	lossy bool
}

func (a *attached) set(change func(*attached)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change(a)
}

func (a *attached) state() (down, lossy bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.down, a.lossy
}

func (a *attached) Recall(_ context.Context, l *verify.Lookup) {
	if down, _ := a.state(); down {
		return
	}
	started := a.clock().Mono
	a.store.mu.Lock()
	defer a.store.mu.Unlock()
	for i := range l.Held {
		v, ok := a.live(l.Subjects[i])
		have := &l.Held[i]
		if !ok || v.tomb || have.Settled() {
			continue
		}
		h := v.held
		h.Source, h.Learned = verify.SourceShared, started-v.age-(now()-v.written)
		if have.State == verify.StateUnknown || h.Version >= have.Version && h.Learned > have.Learned {
			*have = h
		}
	}
}

const writeTimeout = 250 * time.Millisecond

// Remember writes in the background; what takes longer than the timeout is not confirmed, what is lost is lost.
func (a *attached) Remember(l *verify.Lookup) {
	for i := range l.Held {
		h, subject := l.Held[i], l.Subjects[i]
		if h.State == verify.StateUnknown || h.Source != verify.SourceRegistry {
			continue
		}
		go func() {
			a.upTo(100 * time.Millisecond) // in the queue
			age := a.clock().Mono - h.Learned + int64(writeTimeout)
			if a.travel() > writeTimeout {
				return
			}
			if down, _ := a.state(); !down && a.keep(h.State) > age {
				a.fill(subject, h, age, a.keep(h.State)-age)
			}
		}()
	}
}

func (a *attached) Invalidate(subjects []verify.Subject, version uint64) {
	for _, subject := range slices.Clone(subjects) {
		go func() {
			a.travel()
			if down, lossy := a.state(); !down && !(lossy && a.chance(30)) {
				a.bury(subject, version, a.keep(verify.StatePresent))
			}
		}()
	}
}

// travel is how long a write takes, mostly little.
func (a *attached) travel() time.Duration {
	d := time.Duration(a.intn(int(5 * time.Millisecond)))
	if a.chance(3) {
		d = time.Duration(a.intn(int(3 * time.Second)))
	}
	pass(d)
	return d
}
