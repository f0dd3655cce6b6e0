package main

import (
	"context"
	"fmt"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/verigate/verigate/cache"
	"github.com/verigate/verigate/cache/feed"
	"github.com/verigate/verigate/cache/local"
	"github.com/verigate/verigate/cache/prefilter"
	"github.com/verigate/verigate/cache/shared"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/resolve"
	"github.com/verigate/verigate/upstream"
	"github.com/verigate/verigate/verify"
)

// cacheConfig is what may be answered without asking.
type cacheConfig struct {
	Rules  cache.Rules   `yaml:"rules"`
	Local  local.Config  `yaml:"local"`
	Redis  shared.Config `yaml:"redis"`
	Feed   feed.Config   `yaml:"feed"`
	Filter filterConfig  `yaml:"filter"`
}

// filterConfig is the prefilter and its generations.
type filterConfig struct {
	Enabled bool                   `yaml:"enabled" default:"true" help:"Whether \"never issued\" may be answered from a filter of all identifiers."`
	Live    prefilter.Config       `yaml:",inline"`
	Keeper  prefilter.KeeperConfig `yaml:",inline"`
}

// Probe implements config.Prober. What is in the file is no fault: one that cannot be used is built anew.
func (c *filterConfig) Probe() error {
	if !c.Enabled || c.Keeper.Path == "" {
		return nil
	}
	return config.Worry(config.ProbeFolder("path", filepath.Dir(c.Keeper.Path)))
}

// memory is everything that may be answered without asking: filter, caches, and the feed that keeps them honest. In
// front of another portal there are caches only, because a portal has neither export nor feed.
type memory struct {
	*cache.Cache
	local  *local.Cache
	shared *shared.Cache     // nil: none
	filter *prefilter.Filter // nil: none
	keeper *prefilter.Keeper // nil: none
	tail   *feed.Tail        // nil: none

	exports prefilter.Source // nil: none
	asker   *upstream.Asker
}

func (n *node) startMemory() error {
	n.memory = new(memory)
	if err := n.startCaches(); err != nil {
		return err
	}
	if n.cfg.Registry.Dialect == dialectPortal {
		return nil
	}
	return n.startFeed()
}

func (n *node) startCaches() (err error) {
	m, c := n.memory, &n.cfg.Cache
	if m.local, err = local.New(c.Local, local.Deps{Keep: c.Rules.Longest(), Metrics: n.metrics}); err != nil {
		return err
	}
	deps := cache.Deps{Local: m.local, Metrics: n.metrics}
	if c.Redis.Enabled() {
		secret, err := c.Redis.KeyFile.Read()
		if err != nil {
			return fmt.Errorf("reading cache.redis.key_file: %w", err)
		}
		m.shared, err = shared.New(c.Redis, shared.Deps{Secret: secret, Clock: n.clock, Keep: c.Rules.Keep, Metrics: n.metrics})
		if err != nil {
			return fmt.Errorf("setting up cache.redis: %w", err)
		}
		n.onStop(func(context.Context) error { return m.shared.Close() })
		deps.Shared = m.shared
	}
	m.Cache = cache.New(c.Rules, deps)
	return nil
}

func (n *node) startFeed() error {
	m, c, api := n.memory, &n.cfg.Cache, &n.cfg.Registry
	client, err := api.Endpoint.HTTPClient()
	if err != nil {
		return err
	}
	token, err := api.Records.Token()
	if err != nil {
		return err
	}
	deps := feed.Deps{
		Source:  &feed.HTTPSource{URL: api.Endpoint.URL, Token: token, Client: client},
		Records: m, Hasher: n.hasher, Clock: n.clock, Metrics: n.metrics, Log: n.log,
	}
	m.exports = &prefilter.HTTPSource{URL: api.Endpoint.URL, Token: token, Client: client}
	if c.Filter.Enabled {
		m.filter = prefilter.New(c.Filter.Live, prefilter.Deps{Metrics: n.metrics, Clock: n.clock})
		m.keeper = prefilter.NewKeeper(c.Filter.Keeper, prefilter.KeeperDeps{
			Filter: m.filter, Source: m.exports, Ask: n.compare, Metrics: n.metrics, Log: n.log,
		})
		deps.Filter = m.filter
	}
	m.tail = feed.New(c.Feed, deps)
	m.SetFeed(m.tail)
	return nil
}

// Remember implements upstream.Rememberer: a filter on trial is held against what the registry says, and the caches
// keep it.
func (m *memory) Remember(l *verify.Lookup) {
	if m.filter != nil {
		m.filter.Observe(l)
	}
	m.Cache.Remember(l)
}

// Invalidate implements feed.Records: what is older than a change is forgotten, and nobody joins a question that was on
// its way to the registry before it.
func (m *memory) Invalidate(now verify.Instant, subjects []verify.Subject, version uint64) {
	m.Cache.Invalidate(now, subjects, version)
	m.asker.Overtake(subjects)
}

// screener is the filter as a port: a nil filter must be a nil interface.
func (m *memory) screener() resolve.Screener {
	if m.filter == nil {
		return nil
	}
	return m.filter
}

// run keeps the filter and follows the feed until ctx ends. The feed begins where the first generation ends.
func (m *memory) run(ctx context.Context, group *errgroup.Group) {
	if m.tail == nil {
		return
	}
	if m.keeper != nil {
		group.Go(func() error { m.keeper.Run(ctx); return nil })
	}
	group.Go(func() error {
		if err := m.firstFilter(ctx); err == nil {
			m.tail.Run(ctx)
		}
		return nil
	})
}

// firstFilter waits until the first generation is in use, or could not be had at once.
func (m *memory) firstFilter(ctx context.Context) error {
	if m.keeper == nil {
		return nil
	}
	select {
	case <-m.keeper.Ready():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
