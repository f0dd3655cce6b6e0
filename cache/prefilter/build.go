package prefilter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/bits-and-blooms/bloom/v3"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/mapped"
)

// BuildConfig says what to build and how hard to try.
type BuildConfig struct {
	FP       float64         // false-positive rate of each kind, 0.001 by default
	Kinds    []identity.Kind // by default all three
	Expect   Expect          // numbers of keys that are far from these are refused before they are read
	MaxKeys  uint64          // most keys of one kind that are believed, 1e9 by default
	Workers  int             // goroutines that hash, by default one per processor
	Attempts int             // tries in a row without a new block before giving up, 5 by default
	Pause    time.Duration   // before the second try, doubling up to 5 s; 200 ms by default
}

// Progress tells how far a build has come; it is passed by value from one goroutine.
type Progress struct {
	Kind        identity.Kind
	Keys, Total uint64
}

// ErrSnapshotGone is what a [Source] returns when the registry no longer has the snapshot to go on with.
var ErrSnapshotGone = errors.New("the registry no longer keeps this snapshot")

// Permanent wraps an error of a [Source] that no further try can mend, a refused credential for instance.
type Permanent struct{ Err error }

// Error returns the cause's text.
func (e *Permanent) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Permanent) Unwrap() error { return e.Err }

// Source opens key exports. Export starts after the given number of blocks of a snapshot, or at the beginning of the
// registry's current one when snapshot is ""; a snapshot that the registry no longer has is [ErrSnapshotGone]. The caller closes the reader.
type Source interface {
	Export(ctx context.Context, kind identity.Kind, snapshot string, after uint64) (io.ReadCloser, error)
}

const defaultFP = 0.001

// LeastFP and MostFP bound what a false-positive rate may be.
const (
	LeastFP = 1e-9
	MostFP  = 0.5
)

func (c *BuildConfig) defaults() error {
	if c.FP == 0 {
		c.FP = defaultFP
	}
	if !(c.FP >= LeastFP && c.FP <= MostFP) {
		return fmt.Errorf("building prefilter: fp %v is not between %v and %v", c.FP, LeastFP, MostFP)
	}
	if len(c.Kinds) == 0 {
		c.Kinds = []identity.Kind{identity.KindID, identity.KindCode, identity.KindCard}
	}
	if c.MaxKeys == 0 {
		c.MaxKeys = 1e9
	}
	if c.Workers <= 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	if c.Attempts <= 0 {
		c.Attempts = 5
	}
	if c.Pause <= 0 {
		c.Pause = 200 * time.Millisecond
	}
	return nil
}

// Build makes a generation from a registry's exports, one kind after the other. A broken export is resumed at the last
// verified block; a snapshot that is gone restarts its kind. progress, which may be nil, is called from time to time.
// The result is complete and counted, or there is none.
func Build(ctx context.Context, src Source, cfg BuildConfig, progress func(Progress)) (*Generation, error) {
	if err := cfg.defaults(); err != nil {
		return nil, err
	}
	if progress == nil {
		progress = func(Progress) {}
	}
	g := &Generation{created: time.Now().UTC()}
	snapshot := "" // of the first kind; a registry that still has it gives all kinds of one moment
	for _, kind := range cfg.Kinds {
		b := &builder{pull: pull{cfg: cfg, kind: kind, src: src, progress: progress, snapshot: snapshot}}
		p, region, err := b.run(ctx)
		if err != nil {
			return nil, fmt.Errorf("building prefilter of kind %s: %w", kind, err)
		}
		g.own(region)
		if registry := b.header.Registry; g.registry == "" {
			g.registry = registry
		} else if g.registry != registry {
			return nil, fmt.Errorf("building prefilter of kind %s: export is of registry %q, the kinds before of %q", kind, registry, g.registry)
		}
		g.parts[kind], snapshot = p, p.snapshot
	}
	return g, nil
}

// builder builds one kind.
type builder struct {
	pull
	bits *scatter
}

// restarts is how often a kind is begun anew because its snapshot was gone.
const restarts = 3

func (b *builder) run(ctx context.Context) (*part, []byte, error) {
	b.open = func(h *exportHeader) (sink, error) {
		if err := b.cfg.Expect.count(b.kind, h.Registry, h.Count); err != nil {
			return nil, err
		}
		bits, err := newScatter(b.kind, h.Count, b.cfg)
		b.bits = bits
		return bits, err
	}
	for try := 0; ; try++ {
		err := b.stream(ctx)
		if err == nil {
			return b.finish()
		}
		b.drop()
		b.snapshot = ""
		if !errors.Is(err, ErrSnapshotGone) || try == restarts {
			return nil, nil, err
		}
	}
}

// drop forgets a snapshot that cannot be finished.
func (b *builder) drop() {
	if b.bits != nil {
		_ = mapped.Release(b.bits.region)
	}
	b.bits, b.read = nil, nil
}

// finish turns the bits into a part, once they have been counted: an export that repeats keys, or says less than it
// announced, makes a filter that would deny people.
func (b *builder) finish() (*part, []byte, error) {
	h := &b.header
	p := &part{
		kind: b.kind, keys: h.Count, fp: b.cfg.FP, k: b.bits.k, snapshot: h.Snapshot, token: h.FeedToken,
		version: h.Watermark.Version, at: h.Watermark.At.UnixNano(), coverage: h.Coverage.clone(), words: b.bits.words,
	}
	p.bloom = bloom.FromWithM(p.words, uint(p.m()), uint(p.k))
	if err := p.checkCount(countOnes(p.words)); err != nil {
		b.drop()
		return nil, nil, err
	}
	return p, b.bits.region, nil
}
