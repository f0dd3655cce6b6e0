package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/verigate/verigate/cache/prefilter"
	"github.com/verigate/verigate/identity"
)

type filterRebuildCmd struct {
	operatorFlags
	Wait bool `default:"true" negatable:"" help:"Wait until the new generation is in use."`
}

// Help shows examples below the flags.
func (*filterRebuildCmd) Help() string {
	return `Has a running gateway build a new generation from the registry's export, now instead of at its time. The old one answers on
until the new one has agreed with the registry as often as cache.filter.comparisons asks.

  verigate filter rebuild
  verigate filter rebuild --admin http://127.0.0.1:9090 --key-file operator.key --no-wait`
}

// memoryStatus is what /status says of the filter.
type memoryStatus struct {
	Filter prefilter.Status       `json:"filter"`
	Keeper prefilter.KeeperStatus `json:"filter_keeper"`
}

// Run asks for it and follows it.
func (c *filterRebuildCmd) Run(ctx context.Context) error {
	o, err := c.operator()
	if err != nil {
		return err
	}
	var before, now memoryStatus
	if err := o.do(ctx, http.MethodGet, "/status", nil, &before); err != nil {
		return err
	}
	if err := o.do(ctx, http.MethodPost, "/filter/rebuild", nil, &now.Keeper); err != nil {
		return err
	}
	if !c.Wait {
		fmt.Println("asked for; /status shows how far it is")
		return nil
	}
	bar := newBar()
	defer bar.end()
	for {
		if err := o.do(ctx, http.MethodGet, "/status", nil, &now); err != nil {
			return err
		}
		k := &now.Keeper
		if k.Doing == "building" && k.Total > 0 {
			bar.show(prefilter.Progress{Kind: identity.KindOf(k.Kind), Keys: k.Keys, Total: k.Total})
		}
		if k.Builds > before.Keeper.Builds && k.Doing == "idle" {
			return c.finished(&before, &now)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (c *filterRebuildCmd) finished(before, now *memoryStatus) error {
	if !now.Keeper.LastBuilt.After(before.Keeper.LastBuilt) {
		return errors.New("building a new generation: " + now.Keeper.LastError)
	}
	if g := now.Filter.Generation; g != nil {
		fmt.Printf("in use: %d keys, watermark %d, built %s\n", g.Keys, g.Watermark.Version, g.Created.Format(time.RFC3339))
	}
	return nil
}
