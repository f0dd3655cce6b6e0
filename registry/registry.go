package registry

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry/nation"
)

// Config is what a registry is made from. The zero value of every optional field is ready to use.
type Config struct {
	People    int           // 1 to nation.MaxPeople
	Seed      uint64        // of the nation
	Today     identity.Date // the nation's date at the start; zero: the wall clock's. The clock runs on from there
	Data      string        // folder of what the lab changes; empty: kept in memory, gone with the process
	Lab       bool          // answer /lab/*; whoever reaches the listener may use it
	Token     string        // bearer token callers must give; empty: none is asked
	TLS       *tls.Config   // empty: plain HTTP; see [LoadTLS]
	Heartbeat time.Duration // between two heartbeats of the feed, at most 1 s; 0: 500 ms
}

// Deps are the collaborators; both have defaults.
type Deps struct {
	Now func() time.Time // nil: time.Now
	Log *slog.Logger     // nil: silent
}

// Registry is a running reference registry. It is safe for concurrent use.
type Registry struct {
	config  Config
	id      string // names this registry, its nation and its history
	nation  *nation.Nation
	now     func() time.Time
	log     *slog.Logger
	token   [sha256.Size]byte
	overlay *overlay
	feed    *feed
	faults  faults
	census  census
	lab     sync.Mutex // one change at a time; guards journal
	journal *journal
	works   sync.Pool // *work

	calls  map[string]call // by path
	server *fasthttp.Server
	ctx    context.Context // ends when the registry is shut down
	stop   context.CancelFunc
}

// New computes the nation, replays the data folder and returns a registry that is ready to serve. Errors name the
// setting and its value.
func New(c Config, d Deps) (*Registry, error) {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if c.Heartbeat <= 0 {
		c.Heartbeat = 500 * time.Millisecond
	}
	c.Heartbeat = min(c.Heartbeat, time.Second)
	now := clockOn(d.Now, c.Today)
	n, err := nation.New(nation.Config{People: c.People, Seed: c.Seed, Today: nation.DateOf(now())})
	if err != nil {
		return nil, err
	}
	r := &Registry{config: c, nation: n, now: now, log: d.Log, token: sha256.Sum256([]byte(c.Token)), overlay: newOverlay()}
	r.works.New = func() any { return new(work) }
	r.ctx, r.stop = context.WithCancel(context.Background())
	if err := r.open(); err != nil {
		r.stop()
		return nil, err
	}
	r.calls, r.server = r.newCalls(), r.newServer()
	return r, nil
}

// open replays what the lab changed in earlier runs and fills the feed with it.
func (r *Registry) open() error {
	// People age by the year, so the numbers of a nation do too: another year is another nation with its own history.
	name := fmt.Sprintf("seed%d-people%d-%d", r.config.Seed, r.nation.People(), r.nation.Today().Year)
	path := ""
	if r.config.Data != "" {
		path = filepath.Join(r.config.Data, "changes-"+name+".ndjson")
	}
	var history []*state
	j, err := openJournal(path, name, func(s *state) { history = append(history, s) })
	if err != nil {
		return fmt.Errorf("data folder %q: %w", r.config.Data, err)
	}
	if j.torn > 0 {
		r.log.Warn("dropped the incomplete last line of the change file", "file", path, "bytes", j.torn)
	}
	r.journal = j
	r.id = name + "-" + j.epoch
	if path == "" && !r.config.Lab {
		r.id = name + "-0" // nothing can ever change, so every such registry is the same one
	}
	r.feed = newFeed(r.id, r.now)
	r.publish(history)
	return nil
}

// publishBatch bounds how long a large change keeps lookups waiting.
const publishBatch = 256

// publish makes changes that are on disk known: in the feed first, then in answers.
func (r *Registry) publish(changes []*state) {
	for batch := range slices.Chunk(changes, publishBatch) {
		r.feed.publish(batch)
		r.overlay.put(batch, r.nation)
	}
}

// ID names this registry: its nation (seed, people, year) and the history of its data folder. Knowledge taken from a
// registry of another ID is worthless.
func (r *Registry) ID() string { return r.id }

// Serve answers on ln until [Registry.Shutdown]; it returns nil after a shutdown. ln is closed.
func (r *Registry) Serve(ln net.Listener) error {
	// The server would not know of a listener it is only about to be given, so that a shutdown at the same moment would
	// leave it open. ctx ends before the server stops.
	ln = &closeOnce{Listener: ln}
	defer context.AfterFunc(r.ctx, func() { _ = ln.Close() })()
	if r.config.TLS != nil {
		ln = tls.NewListener(ln, r.config.TLS)
	}
	if err := r.server.Serve(ln); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("serving the registry: %w", err)
	}
	return nil
}

// closeOnce is a listener that does not mind being closed again.
type closeOnce struct {
	net.Listener
	once sync.Once
	err  error
}

// Close implements net.Listener.
func (l *closeOnce) Close() error {
	l.once.Do(func() { l.err = l.Listener.Close() })
	return l.err
}

// Shutdown ends the feeds, lets other requests finish until ctx ends, and closes the data folder.
func (r *Registry) Shutdown(ctx context.Context) error {
	r.stop()
	err := r.server.ShutdownWithContext(ctx)
	r.lab.Lock()
	defer r.lab.Unlock()
	return errors.Join(err, r.journal.close())
}

// clockOn returns the clock shifted by whole days, so that its date at the start is today; not shifted when today is zero.
func clockOn(now func() time.Time, today identity.Date) func() time.Time {
	if today.IsZero() {
		return now
	}
	day := func(d identity.Date) time.Time {
		return time.Date(int(d.Year), time.Month(d.Month), int(d.Day), 0, 0, 0, 0, time.UTC)
	}
	shift := day(today).Sub(day(nation.DateOf(now())))
	return func() time.Time { return now().Add(shift) }
}
