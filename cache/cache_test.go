package cache_test

import (
	"testing"

	"github.com/verigate/verigate/cache"
	"github.com/verigate/verigate/cache/feed"
	"github.com/verigate/verigate/cache/local"
	"github.com/verigate/verigate/cache/prefilter"
	"github.com/verigate/verigate/cache/shared"
	"github.com/verigate/verigate/config"
)

// The parts fit the ports that join them.
var (
	_ cache.Local  = (*local.Cache)(nil)
	_ cache.Shared = (*shared.Cache)(nil)
	_ cache.Feed   = (*feed.Tail)(nil)
	_ feed.Records = (*cache.Cache)(nil)
	_ feed.Filter  = (*prefilter.Filter)(nil)
)

func TestConfigs(t *testing.T) {
	var all struct {
		Rules     cache.Rules      `yaml:"rules"`
		Local     local.Config     `yaml:"local"`
		Shared    shared.Config    `yaml:"shared"`
		Feed      feed.Config      `yaml:"feed"`
		Prefilter prefilter.Config `yaml:"prefilter"`
	}
	config.Defaults(&all)
	if err := config.Check(&all); err != nil {
		t.Fatalf("the defaults are not valid: %v", err)
	}
	if got, want := all.Rules, cache.DefaultRules(); got != want {
		t.Errorf("default rules are %+v, want %+v", got, want)
	}
}
