package registry

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
	"github.com/zeebo/xxh3"

	"github.com/verigate/verigate/identity"
)

// exportFormat is the version of the compact form.
const exportFormat = 1

// exportHead is the first line of an export, in either form.
type exportHead struct {
	Format    int      `json:"format"`
	Registry  string   `json:"registry"`
	Snapshot  string   `json:"snapshot"`
	Kind      string   `json:"kind"`
	Count     uint64   `json:"count"` // of the whole snapshot
	Blocks    int      `json:"blocks"`
	After     int      `json:"after"` // blocks left out in front
	Watermark headMark `json:"watermark"`
	FeedToken string   `json:"feed_token"`
	Coverage  coverage `json:"coverage"`
}

type headMark struct {
	Version uint64 `json:"version"`
	At      string `json:"at"`
}

// coverage says for which identifiers of the kind an export is complete: those whose beginning lies in one of the ranges
// and that begin with none of the exceptions.
type coverage struct {
	Ranges []span   `json:"ranges"`
	Except []string `json:"except"`
}

// span is an inclusive range of beginnings of equal length, compared as text.
type span struct {
	From string `json:"from"`
	To   string `json:"to"`
}

func coverageOf(kind identity.Kind) coverage {
	switch kind {
	case identity.KindID: // other first digits are births abroad and foreigners, whom nobody promises to list
		return coverage{Ranges: []span{{"001", "096"}}, Except: []string{}}
	case identity.KindCard:
		return coverage{Ranges: []span{{"AA", "ZZ"}}, Except: []string{"QN", "CA", "CY"}}
	}
	return coverage{Ranges: []span{{"000", "999"}}, Except: []string{}}
}

// snapshot is a state of the registry's keys that can be walked again as long as the registry lives: keys are only
// ever added.
type snapshot struct {
	version uint64 // keys added up to here are in it
	mark    mark   // from where the feed goes on; never ahead of version
}

// take makes a snapshot of now. The mark comes first: what it vouches for is then in the snapshot, and what the
// snapshot has beyond the mark will come through the feed once more.
func (r *Registry) take() snapshot {
	s := snapshot{mark: r.mark()}
	s.version = r.overlay.version.Load()
	return s
}

func (s snapshot) id(registry string) string {
	return fmt.Sprintf("%s.%d.%d.%d", registry, s.version, s.mark.version, s.mark.at.UnixMicro())
}

// snapshot finds the snapshot with the given ID, if it is one of this registry's and its feed token is still good.
func (r *Registry) snapshot(id string) (s snapshot, ok bool) {
	rest, ok := strings.CutPrefix(id, r.id+".")
	if !ok {
		return s, false
	}
	var at int64
	if n, err := fmt.Sscanf(rest, "%d.%d.%d", &s.version, &s.mark.version, &at); n != 3 || err != nil {
		return s, false
	}
	s.mark.at = time.UnixMicro(at)
	if s.id(r.id) != id || s.mark.version > s.version || s.version > r.overlay.version.Load() {
		return s, false
	}
	_, ok = r.feed.begin(string(appendToken(nil, r.id, s.mark.version, s.mark.at)))
	return s, ok
}

// serveKeys answers GET /keys?kind=…&after=…&snapshot=….
func (r *Registry) serveKeys(ctx *fasthttp.RequestCtx, h harm) {
	e, p := r.exportFor(ctx.QueryArgs())
	if p != nil {
		p.send(ctx)
		return
	}
	contentType, write := typeNDJSON, r.writeLines
	if bytes.Contains(ctx.Request.Header.Peek("Accept"), []byte(typeCompact)) {
		contentType, write = typeCompact, r.writeCompact
	}
	r.stream(ctx, contentType, func(out io.Writer) error {
		return write(r.ctx, e, h.wrap(out, e.walk.blocks()-e.after+2)) // head, blocks and end
	})
}

// export is one request for a snapshot's keys.
type export struct {
	kind  identity.Kind
	snap  snapshot
	after int
	walk  *walk
}

func (r *Registry) exportFor(args *fasthttp.Args) (*export, *problem) {
	e := &export{kind: identity.KindOf(string(args.Peek("kind")))}
	if e.kind == identity.KindNone {
		return nil, errKind
	}
	id := args.Peek("snapshot")
	if len(id) == 0 {
		e.snap = r.take()
	} else if s, ok := r.snapshot(string(id)); ok {
		e.snap = s
	} else {
		return nil, errSnapshot
	}
	e.walk = r.newWalk(e.kind, e.snap.version)
	if text := args.Peek("after"); len(text) > 0 {
		n, err := strconv.Atoi(string(text))
		if err != nil || n < 0 || n > e.walk.blocks() || n > 0 && len(id) == 0 {
			return nil, errAfter
		}
		e.after = n
	}
	return e, nil
}

// head renders the first line. The count is exact and is made here.
func (r *Registry) head(e *export) []byte {
	line, _ := json.Marshal(exportHead{ // plain strings and numbers: cannot fail
		Format: exportFormat, Registry: r.id, Snapshot: e.snap.id(r.id), Kind: e.kind.String(),
		Count: e.walk.count(), Blocks: e.walk.blocks(), After: e.after,
		Watermark: headMark{Version: e.snap.mark.version, At: e.snap.mark.at.UTC().Format(timeLayout)},
		FeedToken: string(appendToken(nil, r.id, e.snap.mark.version, e.snap.mark.at)),
		Coverage:  coverageOf(e.kind),
	})
	return append(line, '\n')
}

// writeCompact writes the binary form: head, blocks of (u32 number of keys, keys as u64, xxh3-64 of the keys' bytes), and
// an end of (u32 zero, u64 count, xxh3-64 of all blocks' hashes). All numbers are little-endian; count and the last hash
// are of the whole snapshot, also when the export began behind its first block.
func (r *Registry) writeCompact(ctx context.Context, e *export, out io.Writer) error {
	if _, err := out.Write(r.head(e)); err != nil {
		return err
	}
	if err := e.walk.run(ctx, e.after, appendBlock, out); err != nil {
		return err
	}
	end := binary.LittleEndian.AppendUint32(nil, 0)
	end = binary.LittleEndian.AppendUint64(end, e.walk.count())
	end = binary.LittleEndian.AppendUint64(end, e.walk.hash())
	_, err := out.Write(end)
	return err
}

// writeLines writes the NDJSON form: head, one line a key, and a last line with the count.
func (r *Registry) writeLines(ctx context.Context, e *export, out io.Writer) error {
	if _, err := out.Write(r.head(e)); err != nil {
		return err
	}
	lines := func(dst []byte, keys []uint64) []byte { return appendLines(dst, e.kind, keys) }
	if err := e.walk.run(ctx, e.after, lines, out); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "{\"end\":true,\"count\":%d}\n", e.walk.count())
	return err
}

func appendBlock(dst []byte, keys []uint64) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(keys)))
	start := len(dst)
	for _, k := range keys {
		dst = binary.LittleEndian.AppendUint64(dst, k)
	}
	return binary.LittleEndian.AppendUint64(dst, xxh3.Hash(dst[start:]))
}

func appendLines(dst []byte, kind identity.Kind, keys []uint64) []byte {
	for _, packed := range keys {
		k, _ := identity.UnpackKey(kind, packed)
		dst = append(k.AppendTo(append(dst, `{"v":"`...)), "\"}\n"...)
	}
	return dst
}
