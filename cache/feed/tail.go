package feed

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/verify"
)

// Config is how the feed is read.
type Config struct {
	Wait       config.Duration `yaml:"wait" default:"1s" min:"100ms" max:"30s" help:"How long one request to the change feed stays open; short, because a watermark's age counts from when it was asked for."`
	LagAfter   config.Duration `yaml:"lag_after" default:"5s" min:"1s" help:"A watermark older than this means the feed is lagging."`
	PauseAfter config.Duration `yaml:"pause_after" default:"30s" min:"2s" help:"A watermark older than this means the feed is paused or lost."`
	Backoff    config.Duration `yaml:"backoff" default:"5s" min:"10ms" help:"Longest pause between tries while the feed cannot be read."`
	MaxChanges int             `yaml:"max_changes" default:"100000" min:"1000" help:"Changes taken from one response before the feed is asked again from there."`
}

// Filter is the prefilter as the feed sees it.
type Filter interface {
	// Position returns the token and version from which the filter needs every change; "" when it has nothing yet.
	Position() (token string, version uint64)
	// Resume says that every change after version will come.
	Resume(version uint64)
	// Gap says that changes may have been missed.
	Gap()
	// Add tells of identifiers that the registry has issued, before anything else learns of them.
	Add(version uint64, keys []identity.Key)
	// SetWatermark says that every change up to version has come.
	SetWatermark(version uint64, at time.Time, learned int64) bool
}

// Records are the record caches as the feed sees them.
type Records interface {
	// Invalidate forgets what is older than version of the subjects. It must not wait for anything slow.
	Invalidate(now verify.Instant, subjects []verify.Subject, version uint64)
	// Anew says that the registry's history may be another one from now on: versions of before and after tell nothing of
	// each other.
	Anew(now verify.Instant)
}

// Deps are the tail's collaborators. Source, Hasher and Clock are required; without a Filter or Records nobody is told.
type Deps struct {
	Source  Source
	Filter  Filter
	Records Records
	Hasher  *verify.SubjectHasher
	Clock   verify.Clock
	Metrics *metric.Set
	Log     *slog.Logger // nil: slog.Default()
}

// Tail follows one registry's change feed. Run does the work; everything else is safe beside it.
type Tail struct {
	cfg  Config
	deps Deps
	m    counters

	started   int64
	progress  atomic.Pointer[progress]
	lastError atomic.Pointer[string]

	token    string // where to go on; belongs to Run
	subjects []verify.Subject
	told     State // the state that was last logged
}

// New makes a tail that has not begun.
func New(cfg Config, d Deps) *Tail {
	if d.Log == nil {
		d.Log = slog.Default()
	}
	t := &Tail{cfg: cfg, deps: d, started: d.Clock().Mono}
	t.progress.Store(&progress{})
	t.m = newCounters(d.Metrics)
	t.gauges(d.Metrics)
	return t
}

// Run follows the feed until ctx ends. It begins where the filter needs it to.
func (t *Tail) Run(ctx context.Context) {
	t.begin()
	pause := time.Duration(0)
	for ctx.Err() == nil {
		started, before, asked := t.deps.Clock(), t.m.changes.Value(), t.wait()
		err := t.poll(ctx)
		t.tell(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			pause = 0
			if t.m.changes.Value() == before { // a registry that does not wait is not asked all the time
				sleep(ctx, asked-t.deps.Clock().Since(started))
			}
			continue
		case errors.Is(err, ErrTokenExpired):
			t.gap(ctx, err)
		}
		t.fail(ctx, err)
		pause = min(max(2*pause, 50*time.Millisecond), t.cfg.Backoff.Std())
		sleep(ctx, pause)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// begin takes up the stream where the filter's generation was made: its token is older than this moment, so everything
// learned from now on is covered.
func (t *Tail) begin() {
	if t.deps.Filter == nil {
		return
	}
	token, version := t.deps.Filter.Position()
	if token == "" {
		return
	}
	t.token = token
	t.progress.Store(&progress{unbroken: t.deps.Clock().Mono, version: version})
	t.deps.Filter.Resume(version)
}

// poll makes one request and applies what it brings. nil means that it ended as it should.
func (t *Tail) poll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*t.cfg.Wait.Std()+5*time.Second) // for a response that stalls
	defer cancel()
	sent := t.deps.Clock()
	stream, err := t.deps.Source.Changes(ctx, t.token, t.wait())
	if err != nil {
		return err
	}
	defer stream.Close()
	lines := newLines(stream)
	for n := 0; n < t.cfg.MaxChanges; n++ {
		text, err := lines.next()
		if err != nil {
			return ended(err)
		}
		l, err := parse(text)
		if err != nil {
			return &garbled{err}
		}
		if err := t.apply(&l, sent); err != nil {
			return err
		}
		// A registry that ignores wait is left between two lines: only a new request makes its watermarks young again.
		if l.mark != nil && t.deps.Clock().Since(sent) > t.cfg.Wait.Std()+grace {
			return nil
		}
	}
	return nil
}

// wait is how long a request is to stay open.
func (t *Tail) wait() time.Duration {
	if t.progress.Load().learned == 0 {
		return min(t.cfg.Wait.Std(), hurry) // two heartbeats make the first watermark that counts
	}
	return t.cfg.Wait.Std()
}

// hurry is how long a request stays open while no watermark counts yet.
const hurry = 100 * time.Millisecond

// grace is how much longer than asked for a response may take to end.
const grace = 500 * time.Millisecond

// apply takes one line in: filter first, then the record caches, then the token.
func (t *Tail) apply(l *line, sent verify.Instant) error {
	if l.mark != nil {
		return t.heartbeat(l, sent)
	}
	if t.deps.Filter != nil && l.added {
		t.deps.Filter.Add(l.version, l.keys)
	}
	if t.deps.Records != nil {
		t.subjects = t.subjects[:0]
		for _, k := range l.keys {
			t.subjects = append(t.subjects, t.deps.Hasher.Subject(k))
		}
		t.deps.Records.Invalidate(t.deps.Clock(), t.subjects, l.version)
	}
	t.token = l.token
	t.m.changes.Inc()
	return nil
}

// heartbeat takes a watermark in, if it has moved on. A registry tells its newest watermark, so one that differs from
// the last we heard was made after that last one was told, and that was after we had asked for it: this moment, on our
// own clock, is what its age counts from. A watermark that nothing went before, after a start or a gap, may have stood
// still for hours and proves nothing yet; nor does one that has not moved.
func (t *Tail) heartbeat(l *line, sent verify.Instant) error {
	p := *t.progress.Load()
	if l.mark.Version < p.version {
		return ErrTokenExpired // the registry's history is not the one we know
	}
	t.token = l.token
	if p.unbroken == 0 || p.gap != 0 {
		t.restart(&p, l)
	}
	before := p.heard
	p.heard = sent.Mono
	moved := l.mark.Version > p.version || l.mark.At.After(p.at)
	if moved {
		p.version, p.at = l.mark.Version, l.mark.At
	} else {
		t.m.frozen.Inc()
	}
	if moved && before != 0 {
		p.learned = before
	}
	t.progress.Store(&p)
	if moved && before != 0 && t.deps.Filter != nil {
		t.deps.Filter.SetWatermark(p.version, p.at, p.learned)
	}
	return nil
}

// restart begins an unbroken stream at a heartbeat: what comes after it is complete, what came before is not known to be.
func (t *Tail) restart(p *progress, l *line) {
	p.unbroken, p.gap = t.deps.Clock().Mono, 0
	if t.deps.Filter != nil {
		t.deps.Filter.Resume(l.mark.Version)
	}
}

// gap gives the stream up: the filter is silenced, versions are not compared over it, and the next request begins anew.
func (t *Tail) gap(ctx context.Context, cause error) {
	if t.deps.Filter != nil {
		t.deps.Filter.Gap()
	}
	if t.deps.Records != nil {
		t.deps.Records.Anew(t.deps.Clock())
	}
	t.token = ""
	t.progress.Store(&progress{gap: t.deps.Clock().Mono})
	t.m.gaps.Inc()
	t.deps.Log.WarnContext(ctx, "change feed has a gap", "cause", cause)
}
