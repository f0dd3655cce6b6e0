package prefilter

import (
	"context"
	"errors"
	"os"
)

// takeUp takes a file into use that somebody has put in place while the gateway runs. Unlike the one at the start, from
// whose place the change feed goes on, nothing has shown yet that it belongs to the history that the feed follows: one
// made before the registry was restored, or from another registry of the same name, would deny people. So the registry
// must still know the snapshot it was made from.
func (k *Keeper) takeUp(ctx context.Context) bool {
	info, err := os.Stat(k.cfg.Path)
	if err != nil {
		return false
	}
	err = k.confirm(ctx)
	_, refused := errors.AsType[*Refused](err)
	switch {
	case err == nil:
		return k.open(ctx)
	case refused:
		k.seen = info
		k.fail(ctx, "the file put in place cannot be used", err)
	case ctx.Err() == nil: // it is looked at again
		k.fail(ctx, "the registry cannot be asked about the file put in place", err)
	}
	return false
}

// confirm holds the header of the file against the registry's exports.
func (k *Keeper) confirm(ctx context.Context) error {
	f, err := os.Open(k.cfg.Path)
	if err != nil {
		return &Refused{ReasonRead, err}
	}
	defer f.Close()
	want := k.deps.Filter.Expect()
	_, g, _, err := want.readHeader(f)
	if err != nil {
		return err
	}
	for p := range g.each {
		b, err := openBlock(ctx, k.deps.Source, p.kind, p.snapshot, 0)
		if errors.Is(err, ErrSnapshotGone) {
			return refuse(ReasonHistory, "the registry does not know the snapshot of its %s filter, or not any longer; build a new one", p.kind)
		}
		if err != nil {
			return err
		}
		h := b.header
		b.close()
		switch {
		case h.Registry != g.registry:
			return refuse(ReasonRegistry, "it was made from registry %q, not %q", g.registry, h.Registry)
		case h.Snapshot != p.snapshot || h.Count != p.keys || h.Watermark.Version != p.version || h.FeedToken != p.token:
			return refuse(ReasonHistory, "the registry's snapshot of its %s filter is another one now; build a new one", p.kind)
		}
	}
	return nil
}
