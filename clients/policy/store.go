package policy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/internal/watched"
	"github.com/verigate/verigate/verify"
)

// Config says where the field policy is.
type Config struct {
	File string          `yaml:"file" help:"The field policy, who is told what (docs/policy.md); empty: the one built in, which 'verigate policy show' prints."`
	Poll config.Duration `yaml:"poll" default:"1s" min:"100ms" max:"1m" help:"How often the policy file is looked at for changes; one written in place rather than replaced has to look the same twice."`
}

// maxFile bounds a policy file; a larger one is the wrong file.
const maxFile = 1 << 20

// Validate reads the file, so that a fault in it is told together with those of the configuration.
func (c *Config) Validate() error {
	if c.File == "" {
		return nil
	}
	if _, err := read(&watched.File{Path: c.File, Limit: maxFile}); err != nil {
		return config.Fault("file", c.File, "docs/policy.md says how a rule is written", err)
	}
	return nil
}

func read(f *watched.File) (*verify.Entitlements, error) {
	text, err := f.Read()
	if err != nil {
		return nil, fmt.Errorf("reading the field policy: %w", err)
	}
	return Parse(f.Path, text)
}

// Deps are what the store works with; every field may be left out.
type Deps struct {
	Log     *slog.Logger
	Metrics *metric.Set
	Changed func(version string, err error) // called after every change, and after every refused one
}

// Store holds the field policy in force. It is safe for concurrent use; [Store.Close] stops its watching.
type Store struct {
	deps  Deps
	table atomic.Pointer[verify.Entitlements]
	state atomic.Pointer[state]
	file  *watched.File // nil: the built-in policy

	loaded, refused *metric.Counter
	stop            context.CancelFunc
	done            chan struct{}
}

type state struct {
	since time.Time
	err   error // why the file as it is now was refused
}

// Open reads the policy and begins to watch its file. Its error names the file, the line and the reason.
func Open(cfg Config, deps Deps) (*Store, error) {
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{deps: deps, done: make(chan struct{})}
	table := BuiltIn()
	if cfg.File != "" {
		var err error
		s.file = &watched.File{Path: cfg.File, Limit: maxFile}
		if table, err = read(s.file); err != nil {
			return nil, fmt.Errorf("opening policy.file: %w", err)
		}
	}
	s.register(deps.Metrics)
	s.put(table)
	var ctx context.Context
	ctx, s.stop = context.WithCancel(context.Background())
	go s.watch(ctx, cfg.Poll.Std())
	return s, nil
}

// Close stops watching the file; the policy read last stays in force.
func (s *Store) Close() {
	s.stop()
	<-s.done
}

// Entitlements returns the policy in force. It takes no lock and does not allocate.
func (s *Store) Entitlements() *verify.Entitlements { return s.table.Load() }

// Status is the policy's state for /status.
type Status struct {
	Version string    `json:"version"` // of what is in force: first 16 hexadecimal digits of its SHA-256
	File    string    `json:"file"`    // "built in" without one
	Since   time.Time `json:"since"`
	Error   string    `json:"error,omitempty"` // why the file as it is now was refused
}

// Status tells which policy is in force and whether a newer one was refused.
func (s *Store) Status() Status {
	now := s.state.Load()
	out := Status{Version: s.Entitlements().Version, File: "built in", Since: now.since}
	if s.file != nil {
		out.File = s.file.Path
	}
	if now.err != nil {
		out.Error = now.err.Error()
	}
	return out
}

func (s *Store) register(set *metric.Set) {
	count := func(result string) *metric.Counter {
		return set.Counter("verigate_policy_reloads_total", "Changed policy files by what became of them.", "result", result)
	}
	s.loaded, s.refused = count("loaded"), count("refused")
	set.Gauge("verigate_policy_refused", "1 while the policy file is newer than what is in force because it was refused.", func() float64 {
		if now := s.state.Load(); now != nil && now.err != nil {
			return 1
		}
		return 0
	})
}

func (s *Store) put(t *verify.Entitlements) {
	s.table.Store(t)
	s.state.Store(&state{since: time.Now()})
}

func (s *Store) watch(ctx context.Context, every time.Duration) {
	defer close(s.done)
	if s.file != nil {
		s.file.Run(ctx, every, s.reload)
	}
}

// reload puts a changed file in force, or tells once why not and leaves everything as it was.
func (s *Store) reload() {
	table, err := read(s.file)
	old := s.state.Load()
	switch {
	case err == nil:
		s.put(table)
		s.loaded.Inc()
		s.deps.Log.Info("field policy loaded", slog.String("file", s.file.Path), slog.String("version", table.Version))
	case same(old.err, err):
		return
	default:
		s.state.Store(&state{since: old.since, err: err})
		s.refused.Inc()
		s.deps.Log.Error("field policy refused, the previous one stays in force", slog.String("file", s.file.Path), slog.Any("reason", err))
	}
	if s.deps.Changed != nil {
		s.deps.Changed(s.Entitlements().Version, err)
	}
}

func same(a, b error) bool {
	return a != nil && b != nil && (errors.Is(a, b) || a.Error() == b.Error())
}
