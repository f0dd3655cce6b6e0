package prefilter

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/internal/metric"
)

// KeeperConfig says where generations are kept and when they are made anew.
type KeeperConfig struct {
	Path        string          `yaml:"path" help:"File that keeps the prefilter over restarts; a newer file put in its place is taken up. Empty: built anew at each start."`
	FP          float64         `yaml:"fp" default:"0.001" min:"0.000000001" max:"0.5" help:"Share of never-issued identifiers that are asked of the registry all the same."`
	Rebuild     config.Duration `yaml:"rebuild" default:"24h" min:"1m" help:"Age at which the prefilter is built anew, so that what the registry removed leaves it."`
	Comparisons int             `yaml:"comparisons" default:"1000" min:"0" help:"Answers of the registry that a new generation must agree with before it replaces one in use."`
	Trial       config.Duration `yaml:"trial" default:"10m" min:"0s" help:"Longest time for these comparisons; without a disagreement until then it is taken into use."`
	Look        config.Duration `yaml:"look" default:"10s" min:"100ms" help:"How often the file is looked at."`
}

// KeeperDeps are the keeper's collaborators. Filter and Source are required.
type KeeperDeps struct {
	Filter   *Filter
	Source   Source
	Progress func(Progress) // nil: nobody is told
	// Ask puts so many identifiers that were issued, of every kind, to the registry, whose answers [Filter.Observe] then
	// sees: a trial need not wait for callers. nil: it waits.
	Ask     func(ctx context.Context, count int) error
	Metrics *metric.Set
	Log     *slog.Logger // nil: slog.Default()
}

// Keeper gives a filter its generations: the stored one at start, else one built from the registry; a new one when the
// feed broke, when the old one is old, when somebody asks, or when a newer file lies in its place. It never takes the
// last good one away for one that is refused.
type Keeper struct {
	cfg   KeeperConfig
	deps  KeeperDeps
	m     keeperCounters
	ready chan struct{}
	force chan struct{}

	mu    sync.Mutex
	state KeeperStatus

	seen  os.FileInfo // the file as it was last read or written
	taken time.Time   // when the generation in use was taken into use
}

// KeeperStatus is what /status tells of the keeper.
type KeeperStatus struct {
	Doing     string    `json:"doing"` // idle, opening, building, comparing
	Keys      uint64    `json:"keys,omitempty"`
	Total     uint64    `json:"total,omitempty"`
	Kind      string    `json:"kind,omitempty"`
	Builds    int64     `json:"builds"` // ended, well or not
	LastBuilt time.Time `json:"last_built,omitzero"`
	LastError string    `json:"last_error,omitempty"`
}

type keeperCounters struct {
	built, failed *metric.Counter
	unstored      *metric.Counter
	refused       map[Reason]*metric.Counter
	disagreed     *metric.Counter
}

// NewKeeper makes a keeper; Run does the work.
func NewKeeper(cfg KeeperConfig, d KeeperDeps) *Keeper {
	if d.Log == nil {
		d.Log = slog.Default()
	}
	const name, help = "verigate_prefilter_builds_total", "Generations built from the registry's export, by result."
	k := &Keeper{cfg: cfg, deps: d, ready: make(chan struct{}), force: make(chan struct{}, 1), m: keeperCounters{
		built: d.Metrics.Counter(name, help, "result", "built"), failed: d.Metrics.Counter(name, help, "result", "failed"),
		unstored:  d.Metrics.Counter("verigate_prefilter_unstored_total", "Generations in use that could not be written to their file."),
		refused:   make(map[Reason]*metric.Counter),
		disagreed: d.Metrics.Counter("verigate_prefilter_disagreements_total", "Generations given up because they would have denied an identifier that the registry knows."),
	}}
	for _, r := range Reasons {
		k.m.refused[r] = d.Metrics.Counter("verigate_prefilter_refused_total", "Generations refused, by reason.", "reason", string(r))
	}
	k.state.Doing = "idle"
	return k
}

// Ready is closed once the first generation is in use, or could not be had at once. The change feed is to be followed
// from then on: it begins where the generation ends.
func (k *Keeper) Ready() <-chan struct{} { return k.ready }

// Rebuild asks for a new generation now.
func (k *Keeper) Rebuild() {
	select {
	case k.force <- struct{}{}:
	default:
	}
}

// Status tells what the keeper is doing.
func (k *Keeper) Status() KeeperStatus {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.state
}

func (k *Keeper) set(change func(*KeeperStatus)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	change(&k.state)
}

// Run keeps the filter in generations until ctx ends.
func (k *Keeper) Run(ctx context.Context) {
	build := !k.open(ctx)
	if build {
		build = !k.build(ctx, 0)
	}
	close(k.ready)
	// A registry that is down, or whose exports make filters that must be given up again, is asked less and less.
	const least, most, settled = time.Second, 5 * time.Minute, time.Hour
	pause := least
	look := time.NewTicker(k.cfg.Look.Std())
	defer look.Stop()
	for ctx.Err() == nil {
		if build {
			wait(ctx, pause)
			pause = min(2*pause, most)
			build = !k.build(ctx, max(1, runtime.GOMAXPROCS(0)/2))
			continue
		}
		if time.Since(k.taken) > settled {
			pause = least
		}
		select {
		case <-ctx.Done():
		case <-k.deps.Filter.need:
			build = true
		case <-k.force:
			build = !k.build(ctx, max(1, runtime.GOMAXPROCS(0)/2))
		case <-look.C:
			build = k.due(ctx)
		}
	}
}

// due takes up a file that somebody has put in place and tells whether it is time for a new generation.
func (k *Keeper) due(ctx context.Context) bool {
	if k.changed() && k.takeUp(ctx) {
		return false
	}
	return time.Since(k.taken) >= k.cfg.Rebuild.Std() && ctx.Err() == nil
}

func (k *Keeper) changed() bool {
	if k.cfg.Path == "" {
		return false
	}
	info, err := os.Stat(k.cfg.Path)
	return err == nil && (k.seen == nil || !os.SameFile(info, k.seen) || !info.ModTime().Equal(k.seen.ModTime()))
}

// open takes the stored generation into use; false means that there is none that may be used.
func (k *Keeper) open(ctx context.Context) bool {
	if k.cfg.Path == "" {
		return false
	}
	k.set(func(s *KeeperStatus) { s.Doing = "opening" })
	defer k.set(func(s *KeeperStatus) { s.Doing = "idle" })
	if info, err := os.Stat(k.cfg.Path); err == nil {
		k.seen = info
	}
	gaps := k.deps.Filter.gapCount()
	g, err := Open(k.cfg.Path, k.deps.Filter.Expect())
	if errors.Is(err, os.ErrNotExist) {
		return false
	}
	if err != nil {
		k.fail(ctx, "the stored one cannot be used", err)
		return false
	}
	return k.promote(ctx, g, gaps)
}

// build makes a generation from the registry, takes it into use and stores it. workers is 0 for all processors.
func (k *Keeper) build(ctx context.Context, workers int) bool {
	k.set(func(s *KeeperStatus) { s.Doing = "building" })
	defer k.set(func(s *KeeperStatus) {
		*s = KeeperStatus{Doing: "idle", Builds: s.Builds + 1, LastBuilt: s.LastBuilt, LastError: s.LastError}
	})
	gaps := k.deps.Filter.gapCount()
	want := k.deps.Filter.Expect()
	g, err := Build(ctx, k.deps.Source, BuildConfig{FP: k.cfg.FP, Workers: workers, Expect: want}, k.progress)
	if err == nil {
		want = k.deps.Filter.Expect()
		err = want.header(g)
	}
	if err != nil {
		if ctx.Err() == nil {
			k.m.failed.Inc()
			k.fail(ctx, "a new one cannot be built", err)
		}
		return false
	}
	k.m.built.Inc()
	if !k.promote(ctx, g, gaps) {
		return false
	}
	k.set(func(s *KeeperStatus) { s.LastBuilt, s.LastError = time.Now().UTC(), "" })
	k.store(ctx, g)
	return true
}

func (k *Keeper) progress(p Progress) {
	k.set(func(s *KeeperStatus) { s.Kind, s.Keys, s.Total = p.Kind.String(), p.Keys, p.Total })
	if k.deps.Progress != nil {
		k.deps.Progress(p)
	}
}

// promote takes g into use, after a trial if it replaces one in use, unless the feed had a gap since g was begun.
func (k *Keeper) promote(ctx context.Context, g *Generation, gaps int) bool {
	if k.deps.Filter.inUse() && k.cfg.Comparisons > 0 && k.cfg.Trial > 0 {
		k.set(func(s *KeeperStatus) { s.Doing = "comparing" })
		agreed, failed := k.trial(ctx, g)
		if failed {
			k.m.disagreed.Inc()
			k.fail(ctx, "the new one disagrees with the registry", errors.New("it would have denied an identifier that the registry knows"))
			return false
		}
		if ctx.Err() != nil {
			return false
		}
		k.deps.Log.LogAttrs(ctx, slog.LevelInfo, "new prefilter agrees with the registry", slog.Int64("comparisons", agreed))
	}
	if !k.deps.Filter.swapUnlessGap(g, gaps) {
		k.fail(ctx, "the new one comes from before a gap in the change feed", errGap)
		return false
	}
	k.taken = time.Now()
	info := g.Info()
	k.deps.Log.LogAttrs(ctx, slog.LevelInfo, "prefilter taken into use",
		slog.Uint64("keys", info.Keys), slog.Uint64("bytes", info.Bytes), slog.Uint64("watermark", info.Watermark.Version))
	return true
}

// trial compares g with the registry's answers: those to callers, and those asked for here.
func (k *Keeper) trial(ctx context.Context, g *Generation) (agreed int64, failed bool) {
	over := k.deps.Filter.Try(g, k.cfg.Comparisons)
	ctx, cancel := context.WithTimeout(ctx, k.cfg.Trial.Std())
	defer cancel()
	if k.deps.Ask != nil {
		if err := k.deps.Ask(ctx, k.cfg.Comparisons); err != nil && ctx.Err() == nil {
			k.deps.Log.LogAttrs(ctx, slog.LevelWarn, "prefilter: the comparisons wait for callers", slog.String("cause", err.Error()))
		}
	}
	select {
	case <-over:
	case <-ctx.Done():
	}
	return k.deps.Filter.EndTrial()
}

var errGap = errors.New("the feed had a gap while it was made")

func (k *Keeper) store(ctx context.Context, g *Generation) {
	if k.cfg.Path == "" {
		return
	}
	if err := g.Save(k.cfg.Path); err != nil {
		k.m.unstored.Inc()
		k.fail(ctx, "the new one is in use but cannot be stored; after a restart it has to be built again", err)
		return
	}
	if info, err := os.Stat(k.cfg.Path); err == nil {
		k.seen = info
	}
}

// fail counts a refusal by its reason, logs it and keeps it for the status.
func (k *Keeper) fail(ctx context.Context, what string, err error) {
	if refused, ok := errors.AsType[*Refused](err); ok {
		k.m.refused[refused.Reason].Inc()
	}
	k.deps.Log.LogAttrs(ctx, slog.LevelError, "prefilter: a generation cannot be used or kept", slog.String("fault", what), slog.String("cause", err.Error()))
	k.set(func(s *KeeperStatus) { s.LastError = err.Error() })
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
