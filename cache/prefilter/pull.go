package prefilter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/verigate/verigate/identity"
)

// pull reads one kind of one snapshot from a source and gives its keys, block by verified block, to a sink.
type pull struct {
	cfg      BuildConfig
	kind     identity.Kind
	src      Source
	progress func(Progress)
	open     func(*exportHeader) (sink, error) // called with the first response's header; its error is final

	snapshot string // to begin with; "": the registry's current one

	header exportHeader
	read   *exportReader // its counters go on over resumed responses
	sink   sink
}

// sink takes the keys of an export. add takes over memory that block handed out; close waits until everything is done.
type sink interface {
	block() []uint64
	add(keys []uint64)
	close()
}

// stream reads one snapshot to its end, over as many responses as it takes.
func (b *pull) stream(ctx context.Context) error {
	defer func() {
		if b.sink != nil {
			b.sink.close()
			b.sink = nil
		}
	}()
	pause := b.cfg.Pause
	for failed := 0; ; {
		before := b.blocks()
		err := b.response(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		var permanent *Permanent
		if errors.Is(err, ErrSnapshotGone) || errors.As(err, &permanent) || ctx.Err() != nil {
			return err
		}
		if b.blocks() > before {
			failed, pause = 0, b.cfg.Pause
		}
		if failed++; failed >= b.cfg.Attempts {
			return fmt.Errorf("giving up after %d tries: %w", failed, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, 5*time.Second)
	}
}

func (b *pull) blocks() uint64 {
	if b.read == nil {
		return 0
	}
	return b.read.blocks
}

// response reads one response: the first of a snapshot, or one that goes on after the last verified block. io.EOF means
// the export is complete.
func (b *pull) response(ctx context.Context) error {
	body, err := b.src.Export(ctx, b.kind, b.snapshot, b.blocks())
	if err != nil {
		return err
	}
	defer body.Close()
	r, err := newExportReader(body, b.kind)
	if err != nil {
		return err
	}
	if err := b.begin(r); err != nil {
		return err
	}
	for {
		keys, err := b.read.next(b.sink.block())
		if err != nil {
			return err
		}
		b.sink.add(keys)
		b.progress(Progress{Kind: b.kind, Keys: b.read.keys, Total: b.header.Count})
	}
}

// begin takes over a response: opens the sink for the first one, holds every further one against the first.
func (b *pull) begin(r *exportReader) error {
	if b.read == nil {
		if r.header.After != 0 {
			return fmt.Errorf("export begins after block %d, not at its beginning", r.header.After)
		}
		if r.header.Count > b.cfg.MaxKeys {
			return &Permanent{fmt.Errorf("export announces %d keys, more than %d", r.header.Count, b.cfg.MaxKeys)}
		}
		s, err := b.open(&r.header)
		if err != nil {
			return &Permanent{err}
		}
		b.sink, b.header, b.read, b.snapshot = s, r.header, r, r.header.Snapshot
		return nil
	}
	h, first := r.header, b.header
	if h.Snapshot != first.Snapshot || h.Registry != first.Registry || h.Count != first.Count || h.Blocks != first.Blocks {
		return ErrSnapshotGone
	}
	if h.After != b.read.blocks {
		return fmt.Errorf("export goes on after block %d, not %d", h.After, b.read.blocks)
	}
	b.read.r = r.r
	return nil
}
