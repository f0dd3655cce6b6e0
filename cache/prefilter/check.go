package prefilter

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/verigate/verigate/identity"
)

// CheckConfig says how much a generation is asked.
type CheckConfig struct {
	Absent  uint64        // about so many never-issued identifiers are put to it, over all kinds; 0: none
	Workers int           // goroutines that test, by default one per processor
	Pause   time.Duration // before the second try when an export breaks, as in [BuildConfig]
}

// KindCheck is how a generation did on one kind.
type KindCheck struct {
	Kind    string  `json:"kind"`
	Keys    uint64  `json:"keys"`    // identifiers of the export, every one of them put to the filter
	Denied  uint64  `json:"denied"`  // of these it would deny; one is too many
	Absent  uint64  `json:"absent"`  // never-issued identifiers put to it: half of them real ones with one digit changed
	Passed  uint64  `json:"passed"`  // of these it lets pass
	Design  float64 `json:"design"`  // the false-positive rate it was made for
	Version uint64  `json:"version"` // the export's watermark; when above the generation's, later births count as denied
}

// FP is the measured false-positive rate.
func (c *KindCheck) FP() float64 { return float64(c.Passed) / float64(max(c.Absent, 1)) }

// Check puts every identifier of a registry's exports to g, and never-issued ones drawn from them. It asks for the
// snapshots that g was made from and takes the registry's current ones where these are gone. progress, which may be
// nil, is called as in [Build]; with never-issued identifiers each kind is read twice.
func Check(ctx context.Context, src Source, g *Generation, cfg CheckConfig, progress func(Progress)) ([]KindCheck, error) {
	defer runtime.KeepAlive(g)
	b := BuildConfig{Workers: cfg.Workers, Pause: cfg.Pause}
	if err := b.defaults(); err != nil {
		return nil, err
	}
	if progress == nil {
		progress = func(Progress) {}
	}
	var all []KindCheck
	for p := range g.each {
		c := &checker{cfg: b, src: src, progress: progress, part: p, registry: g.registry}
		if cfg.Absent > 0 {
			c.every = max(1, g.Info().Keys/cfg.Absent)
		}
		done, err := c.run(ctx)
		if err != nil {
			return all, fmt.Errorf("checking prefilter of kind %s: %w", p.kind, err)
		}
		all = append(all, done)
	}
	return all, nil
}

// checker checks one kind.
type checker struct {
	cfg      BuildConfig
	src      Source
	progress func(Progress)
	part     *part
	registry string
	every    uint64 // one identifier in so many gives one that was perhaps never issued; 0: none

	denied, drawn, issued atomic.Uint64
	mu                    sync.Mutex
	passed                map[uint64]uint64 // drawn and let pass: never issued, or real; how often each was drawn
}

func (c *checker) run(ctx context.Context) (KindCheck, error) {
	c.passed = make(map[uint64]uint64)
	first, err := c.read(ctx, c.part.snapshot, c.test)
	if err != nil {
		return KindCheck{}, err
	}
	k := KindCheck{Kind: c.part.kind.String(), Keys: first.Count, Denied: c.denied.Load(), Design: c.part.fp, Version: first.Watermark.Version}
	if len(c.passed) > 0 { // what was let pass may be somebody's
		if _, err := c.read(ctx, first.Snapshot, c.find); err != nil {
			return k, err
		}
	}
	for _, n := range c.passed {
		k.Passed += n
	}
	k.Passed -= c.issued.Load()
	k.Absent = c.drawn.Load() - c.issued.Load()
	return k, nil
}

// read gives the blocks of a snapshot, or of the current one when it is gone, to work.
func (c *checker) read(ctx context.Context, snapshot string, work func(iter.Seq[[]uint64])) (*exportHeader, error) {
	p := pull{cfg: c.cfg, kind: c.part.kind, src: c.src, progress: c.progress, snapshot: snapshot}
	p.open = func(h *exportHeader) (sink, error) {
		if h.Registry != c.registry {
			return nil, fmt.Errorf("export is of registry %q, the generation of %q", h.Registry, c.registry)
		}
		s := new(crew)
		s.start(c.cfg.Workers, work)
		return s, nil
	}
	err := p.stream(ctx)
	if errors.Is(err, ErrSnapshotGone) && p.read == nil {
		p.snapshot = ""
		err = p.stream(ctx)
	}
	return &p.header, err
}

// test puts blocks of real identifiers to the filter, and what it draws from them.
func (c *checker) test(blocks iter.Seq[[]uint64]) {
	var denied, drawn uint64
	passed := make(map[uint64]uint64)
	for keys := range blocks {
		for _, packed := range keys {
			d := digestOf(c.part.kind, packed)
			if !c.part.has(d) && c.covered(packed) {
				denied++
			}
			if c.every == 0 || d.b%c.every != 0 {
				continue
			}
			if other, ok := c.draw(packed, d.a); ok {
				drawn++
				if c.part.has(digestOf(c.part.kind, other)) {
					passed[other]++
				}
			}
		}
	}
	c.denied.Add(denied)
	c.drawn.Add(drawn)
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, n := range passed {
		c.passed[k] += n
	}
}

// find counts those of the drawn identifiers that are somebody's after all.
func (c *checker) find(blocks iter.Seq[[]uint64]) {
	var issued uint64
	for keys := range blocks {
		for _, packed := range keys {
			issued += c.passed[packed]
		}
	}
	c.issued.Add(issued)
}

func (c *checker) covered(packed uint64) bool {
	k, ok := identity.UnpackKey(c.part.kind, packed)
	if ok {
		_, ok = c.part.coverage.pack(k)
	}
	return ok
}

// draw makes another identifier out of a real one: with one digit changed, as a typo does, or with its last six digits
// by chance, as somebody who tries numbers does. ok is false if the register is not competent for it.
func (c *checker) draw(packed, chance uint64) (other uint64, ok bool) {
	const typed, tried = 10, 6
	k, ok := identity.UnpackKey(c.part.kind, packed)
	if !ok {
		return 0, false
	}
	var buf [identity.MaxKeyLen]byte
	text := k.AppendTo(buf[:0])
	if chance%2 == 0 {
		at := len(text) - 1 - int(chance>>1%typed)
		text[at] = '0' + (text[at]-'0'+1+byte(chance>>16%9))%10
	} else {
		for i, rest := len(text)-tried, chance>>1; i < len(text); i, rest = i+1, rest/10 {
			text[i] = '0' + byte(rest%10)
		}
	}
	if k, ok = identity.NewKey(c.part.kind, string(text)); !ok {
		return 0, false
	}
	other, ok = c.part.coverage.pack(k)
	return other, ok && other != packed
}
