package registry

import (
	"context"
	"io"
	"slices"
	"time"

	"github.com/valyala/fasthttp"
)

const (
	maxWait     = 60 * time.Second
	defaultWait = 30 * time.Second
	feedBatch   = 512
	// reorderFor is how long a reordering feed collects changes, so that there is something to reorder.
	reorderFor = 200 * time.Millisecond
)

// serveChanges answers GET /changes?after=<token>&wait=30s.
func (r *Registry) serveChanges(ctx *fasthttp.RequestCtx, h harm) {
	args := ctx.QueryArgs()
	wait := defaultWait
	if args.Has("wait") {
		d, err := time.ParseDuration(string(args.Peek("wait")))
		if err != nil || d < 0 || d > maxWait {
			errWait.send(ctx)
			return
		}
		wait = d
	}
	after, ok := r.feed.begin(string(args.Peek("after")))
	if !ok {
		errToken.send(ctx)
		return
	}
	r.stream(ctx, typeNDJSON, func(out io.Writer) error {
		reader := feedReader{feed: r.feed, after: after, every: r.config.Heartbeat, out: h.wrap(out, 4)}
		return reader.run(r.ctx, wait)
	})
}

// feedReader writes the feed to one caller until its time is over.
type feedReader struct {
	feed  *feed
	after uint64
	every time.Duration // between heartbeats
	out   io.Writer
	buf   []byte
}

// run delivers changes as they come and heartbeats in between, the first as soon as the caller has everything. It ends
// without an error after wait (with none, once the caller has everything) or when ctx ends.
func (f *feedReader) run(ctx context.Context, wait time.Duration) error {
	over := time.NewTimer(wait)
	defer over.Stop()
	beat := time.NewTicker(f.every)
	defer beat.Stop()
	due := true
	for {
		d := f.feed.next(f.after, feedBatch)
		if d.mode == feedReorder && len(d.changes) > 0 {
			if !pause(ctx, reorderFor) {
				return nil
			}
			d = f.feed.next(f.after, feedBatch)
		}
		if d.gone {
			return errToken
		}
		beaten, err := f.deliver(d, due)
		if err != nil {
			return err
		}
		due = due && !beaten
		if d.more && wait == 0 && ctx.Err() == nil {
			continue
		}
		select {
		case <-d.wake:
		case <-beat.C:
			due = true
		case <-over.C:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

// deliver writes changes and, when one is due, a heartbeat: never before the caller has everything that the mark speaks
// for, so that every mark told is the newest there is.
func (f *feedReader) deliver(d delivery, due bool) (beaten bool, err error) {
	f.buf = f.buf[:0]
	if n := len(d.changes); n > 0 {
		last := d.changes[n-1].version
		f.appendChanges(d, f.after)
		if d.mode == feedDuplicate {
			f.appendChanges(d, last)
		}
		f.after = last
	}
	if beaten = due && !d.more; beaten {
		f.appendHeartbeat(d.mark)
	}
	if len(f.buf) > 0 {
		_, err = f.out.Write(f.buf)
	}
	return beaten, err
}

// appendChanges renders changes, in order or newest first. A line's token never stands for more than the caller has
// got with it, whatever the order: whoever resumes from any line misses nothing.
func (f *feedReader) appendChanges(d delivery, have uint64) {
	if d.mode != feedReorder {
		for i := range d.changes {
			have = max(have, d.changes[i].version)
			f.appendChange(&d.changes[i], have)
		}
		return
	}
	for i, c := range slices.Backward(d.changes) {
		if i == 0 {
			have = d.changes[len(d.changes)-1].version
		}
		f.appendChange(&c, have)
	}
}

func (f *feedReader) appendChange(c *change, have uint64) {
	out := appendToken(append(f.buf, `{"token":"`...), f.feed.registry, have, f.feed.now())
	out = appendUint(append(out, `","version":`...), c.version)
	out = append(out, `,"op":"upsert","keys":[`...)
	for i, k := range c.keys {
		out = append(appendComma(out, i), `{"kind":"`...)
		out = append(append(out, k.Kind().String()...), `","value":"`...)
		out = append(k.AppendTo(out), `"}`...)
	}
	out = c.at.UTC().AppendFormat(append(out, `],"at":"`...), timeLayout)
	f.buf = append(out, "\"}\n"...)
}

func (f *feedReader) appendHeartbeat(m mark) {
	out := appendToken(append(f.buf, `{"token":"`...), f.feed.registry, f.after, f.feed.now())
	out = m.append(append(out, `","watermark":`...))
	f.buf = append(out, "}\n"...)
}

// pause waits; false means that ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
