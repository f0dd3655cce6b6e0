package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/verigate/verigate/cache"
	"github.com/verigate/verigate/cache/feed"
	"github.com/verigate/verigate/cache/local"
	"github.com/verigate/verigate/cache/prefilter"
	"github.com/verigate/verigate/cache/shared"
	"github.com/verigate/verigate/config"
)

// cacheConfig is what may be answered without asking.
type cacheConfig struct {
	Rules  cache.Rules   `yaml:"rules"`
	Local  local.Config  `yaml:"local"`
	Redis  shared.Config `yaml:"redis"`
	Feed   feed.Config   `yaml:"feed"`
	Filter filterConfig  `yaml:"filter"`
}

// filterConfig is the prefilter and where its generations are kept.
type filterConfig struct {
	Live    prefilter.Config `yaml:",inline"`
	Enabled bool             `yaml:"enabled" default:"true" help:"Whether \"never issued\" may be answered from a filter of all identifiers."`
	File    string           `yaml:"file" help:"Where the generation in use is kept for the next start; empty: it is built anew at every start."`
	FP      float64          `yaml:"fp" default:"0.001" min:"0.000001" max:"0.1" help:"Share of identifiers never issued that the filter cannot tell and the registry is asked about."`
	Rebuild config.Duration  `yaml:"rebuild" default:"1d" min:"1m" help:"How often a new generation is built from the registry's export."`
}

// memory is everything that may be answered without asking: filter, caches, and the feed that keeps them honest.
type memory struct {
	*cache.Cache
	cfg    *cacheConfig
	filter *prefilter.Filter
	local  *local.Cache
	shared *shared.Cache // nil: none
	tail   *feed.Tail
	source *prefilter.HTTPSource
	first  chan struct{} // closed when the first generation is in use
}

func (n *node) startMemory() error {
	c := &n.cfg.Cache
	m := &memory{cfg: c, first: make(chan struct{})}
	client, err := n.cfg.Registry.API.HTTPClient()
	if err != nil {
		return err
	}
	token, err := n.cfg.Registry.API.Token()
	if err != nil {
		return err
	}
	m.source = &prefilter.HTTPSource{URL: n.cfg.Registry.API.URL, Token: token, Client: client}
	m.filter = prefilter.New(c.Filter.Live, prefilter.Deps{Metrics: n.metrics, Clock: n.clock})
	if m.local, err = local.New(c.Local, local.Deps{Keep: c.Rules.Longest(), Metrics: n.metrics}); err != nil {
		return err
	}
	deps := cache.Deps{Local: m.local, Metrics: n.metrics}
	if c.Redis.Enabled() {
		secret, err := c.Redis.KeyFile.Read()
		if err != nil {
			return fmt.Errorf("reading cache.redis.key_file: %w", err)
		}
		if m.shared, err = shared.New(c.Redis, shared.Deps{Secret: secret, Clock: n.clock, Keep: c.Rules.Keep, Metrics: n.metrics}); err != nil {
			return err
		}
		deps.Shared = m.shared
		n.onStop(func(context.Context) error { return m.shared.Close() })
	}
	m.Cache = cache.New(c.Rules, deps)
	m.tail = feed.New(c.Feed, feed.Deps{
		Source: &feed.HTTPSource{URL: n.cfg.Registry.API.URL, Token: token, Client: client},
		Filter: m.filter, Records: m.Cache, Hasher: n.hasher, Clock: n.clock, Metrics: n.metrics, Log: n.log,
	})
	m.SetFeed(m.tail)
	n.memory = m
	return nil
}

// run keeps the filter and follows the feed until ctx ends.
func (m *memory) run(ctx context.Context, n *node, group *errgroup.Group) {
	m.open(n)
	group.Go(func() error { m.tail.Run(ctx); return nil })
	if m.cfg.Filter.Enabled {
		group.Go(func() error { m.keepFilter(ctx, n); return nil })
	}
}

// open puts the stored generation into use, before the feed begins, so that the feed goes on from its token.
func (m *memory) open(n *node) {
	if !m.cfg.Filter.Enabled || m.cfg.Filter.File == "" {
		return
	}
	g, err := prefilter.Open(m.cfg.Filter.File, m.filter.Expect())
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			n.log.Error("the stored filter is refused and will be built anew", "file", m.cfg.Filter.File, "error", err)
		}
		return
	}
	m.filter.Swap(g)
	close(m.first)
}

// keepFilter builds a generation when there is none in use, and again at every turn of the schedule.
func (m *memory) keepFilter(ctx context.Context, n *node) {
	const look = time.Second
	rebuild := time.NewTimer(m.cfg.Filter.Rebuild.Std())
	defer rebuild.Stop()
	for wait := time.Duration(0); ; {
		if m.filter.Status(n.clock()).Generation == nil {
			if err := m.build(ctx, n); err != nil && ctx.Err() == nil {
				n.log.Error("building the filter failed; every identifier is asked of the registry", "error", err)
				wait = min(max(2*wait, look), time.Minute)
			} else {
				wait = look
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		case <-rebuild.C:
			rebuild.Reset(m.cfg.Filter.Rebuild.Std())
			if err := m.build(ctx, n); err != nil && ctx.Err() == nil {
				n.log.Error("rebuilding the filter failed; the last good one stays", "error", err)
			}
		}
	}
}

func (m *memory) build(ctx context.Context, n *node) error {
	started := time.Now()
	g, err := prefilter.Build(ctx, m.source, prefilter.BuildConfig{FP: m.cfg.Filter.FP}, nil)
	if err != nil {
		return err
	}
	if m.cfg.Filter.File != "" {
		if err := m.save(g); err != nil {
			n.log.Error("keeping the new filter for the next start failed", "error", err)
		}
	}
	m.filter.Swap(g)
	info := g.Info()
	n.log.Info("filter in use", "keys", info.Keys, "bytes", info.Bytes, "took", time.Since(started).Round(time.Millisecond))
	select {
	case <-m.first:
	default:
		close(m.first)
	}
	return nil
}

func (m *memory) save(g *prefilter.Generation) error {
	if err := os.MkdirAll(filepath.Dir(m.cfg.Filter.File), 0o700); err != nil {
		return fmt.Errorf("making the folder of cache.filter.file: %w", err)
	}
	return g.Save(m.cfg.Filter.File)
}

// firstFilter waits until the first generation is in use.
func (m *memory) firstFilter(ctx context.Context) error {
	if !m.cfg.Filter.Enabled {
		return nil
	}
	select {
	case <-m.first:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
