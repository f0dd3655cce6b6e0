package registry_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/zeebo/xxh3"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry"
	"github.com/verigate/verigate/registry/nation"
)

type exportHead struct {
	Format    int       `json:"format"`
	Registry  string    `json:"registry"`
	Snapshot  string    `json:"snapshot"`
	Kind      string    `json:"kind"`
	Count     uint64    `json:"count"`
	Blocks    int       `json:"blocks"`
	After     int       `json:"after"`
	Watermark watermark `json:"watermark"`
	FeedToken string    `json:"feed_token"`
	Coverage  struct {
		Ranges []struct{ From, To string }
		Except []string
	} `json:"coverage"`
}

// compact is a compact export as received.
type compact struct {
	line   []byte // the head as it came
	head   exportHead
	blocks [][]uint64
	hashes []byte
	total  uint64
	sum    uint64
}

// open asks for an export and returns the body, which the caller closes.
func (x *running) open(query, accept string) *http.Response {
	x.t.Helper()
	req, err := http.NewRequestWithContext(x.t.Context(), http.MethodGet, x.url+"/keys?"+query, nil)
	if err != nil {
		x.t.Fatal(err)
	}
	req.Header.Set("Accept", accept)
	res, err := x.client.Do(req)
	if err != nil {
		x.t.Fatal(err)
	}
	return res
}

// exportHead returns the head of an export and hangs up.
func (x *running) exportHead(kind string) (h exportHead) {
	x.t.Helper()
	res := x.open("kind="+kind, "")
	defer res.Body.Close()
	line, err := bufio.NewReader(res.Body).ReadBytes('\n')
	if err != nil {
		x.t.Fatal(err)
	}
	decode(x.t, line, &h)
	return h
}

// compactExport reads a compact export to its end and checks every sum in it.
func (x *running) compactExport(query string) *compact {
	x.t.Helper()
	res := x.open(query, "application/vnd.verigate.keys")
	defer res.Body.Close()
	if ct := res.Header.Get("Content-Type"); res.StatusCode != http.StatusOK || ct != "application/vnd.verigate.keys" {
		text, _ := io.ReadAll(res.Body)
		x.t.Fatalf("status %d, type %q: %s", res.StatusCode, ct, text)
	}
	c, err := readCompact(res.Body)
	if err != nil {
		x.t.Fatal(err)
	}
	return c
}

func readCompact(body io.Reader) (*compact, error) {
	in := bufio.NewReader(body)
	line, err := in.ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	c := &compact{line: line}
	if err := json.Unmarshal(line, &c.head); err != nil {
		return nil, err
	}
	for {
		var n uint32
		if err := binary.Read(in, binary.LittleEndian, &n); err != nil {
			return c, err
		}
		if n == 0 {
			break
		}
		block := make([]byte, n*8+8)
		if _, err := io.ReadFull(in, block); err != nil {
			return c, err
		}
		keys, sum := block[:n*8], block[n*8:]
		if xxh3.Hash(keys) != binary.LittleEndian.Uint64(sum) {
			return c, fmt.Errorf("block %d does not agree with its hash", len(c.blocks))
		}
		packed := make([]uint64, n)
		for i := range packed {
			packed[i] = binary.LittleEndian.Uint64(keys[i*8:])
		}
		c.blocks, c.hashes = append(c.blocks, packed), append(c.hashes, sum...)
	}
	if err := binary.Read(in, binary.LittleEndian, &c.total); err != nil {
		return c, err
	}
	if err := binary.Read(in, binary.LittleEndian, &c.sum); err != nil {
		return c, err
	}
	if _, err := in.ReadByte(); err != io.EOF {
		return c, fmt.Errorf("something stands behind the end")
	}
	return c, nil
}

// sound tells whether the end agrees with what came before.
func (c *compact) sound() bool { return c.total == c.head.Count && c.sum == xxh3.Hash(c.hashes) }

func (c *compact) keys() (all []uint64) {
	for _, b := range c.blocks {
		all = append(all, b...)
	}
	slices.Sort(all)
	return all
}

// nationKeys are the packed keys of the nation that a registry serves, sorted.
func nationKeys(t *testing.T, people int, kind identity.Kind) []uint64 {
	t.Helper()
	n, err := nation.New(nation.Config{People: people, Seed: 1, Today: today})
	if err != nil {
		t.Fatal(err)
	}
	keys := n.AppendKeys(kind, 0, people, nil)
	slices.Sort(keys)
	return keys
}

func pack(t *testing.T, kind identity.Kind, value string) uint64 {
	t.Helper()
	k, _ := identity.NewKey(kind, value)
	packed, ok := identity.PackKey(k)
	if !ok {
		t.Fatal("a key cannot be packed")
	}
	return packed
}

func TestExportHasEveryKeyExactlyOnce(t *testing.T) {
	for _, size := range []int{1, 50, 8191, 8192, 8193, 20_000, 40_000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			x := start(t, func(c *registry.Config) { c.People = size })
			born := x.births(3, "001")
			for kind := identity.KindID; kind < identity.Kinds; kind++ {
				want := nationKeys(t, size, kind)
				for _, p := range born {
					want = append(want, pack(t, kind, map[identity.Kind]string{identity.KindID: p.ID, identity.KindCode: p.Code, identity.KindCard: p.Card}[kind]))
				}
				slices.Sort(want)
				c := x.compactExport("kind=" + kind.String())
				if !equal(c.keys(), want) {
					t.Errorf("%s: %d keys, want %d", kind, len(c.keys()), len(want))
				}
				h := c.head
				if h.Format != 1 || h.Registry != x.reg.ID() || h.Kind != kind.String() || h.After != 0 || h.Count != uint64(len(want)) ||
					h.Blocks != len(c.blocks) || h.Watermark.Version != 4 || h.Watermark.At.IsZero() {
					t.Errorf("%s: head %+v for %d keys in %d blocks", kind, h, len(want), len(c.blocks))
				}
				if !c.sound() {
					t.Errorf("%s: the end says %d keys, or its hash does not agree", kind, c.total)
				}
				if rest := x.lines("/changes?wait=0s&after=" + h.FeedToken); isChange(&rest[0]) {
					t.Errorf("%s: the feed goes on with a change that the export has", kind)
				}
			}
		})
	}
}

func TestExportAsLines(t *testing.T) {
	x := start(t, nil)
	born := x.births(1, "001")[0]
	text := strings.TrimSpace(string(x.must(200, "GET", "/keys?kind=card", "")))
	lines := strings.Split(text, "\n")
	var h exportHead
	decode(t, []byte(lines[0]), &h)
	if want := len(nationKeys(t, 20_000, identity.KindCard)) + 1; int(h.Count) != want || len(lines) != want+2 {
		t.Errorf("%d lines and a count of %d, want %d keys", len(lines), h.Count, want)
	}
	if end := fmt.Sprintf(`{"end":true,"count":%d}`, h.Count); lines[len(lines)-1] != end {
		t.Errorf("the last line is %s", lines[len(lines)-1])
	}
	if got := lines[len(lines)-2]; got != `{"v":"`+born.Card+`"}` {
		t.Errorf("the card of a newborn is not the last key")
	}
}

func TestExportCoverage(t *testing.T) {
	x := start(t, nil)
	id, card := x.exportHead("id").Coverage, x.exportHead("card").Coverage
	if len(id.Ranges) != 1 || id.Ranges[0].From != "001" || id.Ranges[0].To != "096" || len(id.Except) != 0 {
		t.Errorf("coverage of ID numbers: %+v", id)
	}
	if !slices.Equal(card.Except, []string{"QN", "CA", "CY"}) || len(card.Ranges) != 1 {
		t.Errorf("coverage of cards: %+v", card)
	}
	for _, packed := range nationKeys(t, 20_000, identity.KindID) {
		k, _ := identity.UnpackKey(identity.KindID, packed)
		if v := k.Value()[:3]; v < "001" || v > "096" {
			t.Fatalf("an ID number of the nation begins with %s, outside the coverage", v)
		}
	}
}

func TestExportResumes(t *testing.T) {
	x := start(t, func(c *registry.Config) { c.People = 40_000 })
	x.births(2, "001")
	whole := x.compactExport("kind=id")
	x.births(5, "001") // must not show in the snapshot
	for after := range whole.head.Blocks + 1 {
		rest := x.compactExport(fmt.Sprintf("kind=id&snapshot=%s&after=%d", whole.head.Snapshot, after))
		want := whole.head
		want.After = after
		if fmt.Sprint(rest.head) != fmt.Sprint(want) {
			t.Errorf("after %d: head %+v, want %+v", after, rest.head, want)
		}
		if len(rest.blocks) != len(whole.blocks)-after || rest.total != whole.total || rest.sum != whole.sum {
			t.Fatalf("after %d: %d blocks, %d keys in all", after, len(rest.blocks), rest.total)
		}
		for i, b := range rest.blocks {
			if !equal(b, whole.blocks[after+i]) {
				t.Errorf("after %d: block %d is another", after, after+i)
			}
		}
	}
	var lines int
	for range bytes.Lines(x.must(200, "GET", fmt.Sprintf("/keys?kind=id&snapshot=%s&after=%d", whole.head.Snapshot, whole.head.Blocks-1), "")) {
		lines++
	}
	if want := len(whole.blocks[len(whole.blocks)-1]) + 2; lines != want {
		t.Errorf("the last block as lines: %d, want %d", lines, want)
	}
}

func TestOneSnapshotServesEveryKind(t *testing.T) {
	x := start(t, nil)
	x.births(1, "001")
	first := x.compactExport("kind=id")
	x.births(1, "001")
	second := x.compactExport("kind=card&snapshot=" + first.head.Snapshot)
	if second.head.Snapshot != first.head.Snapshot || second.head.FeedToken != first.head.FeedToken ||
		second.total != uint64(len(nationKeys(t, 20_000, identity.KindCard))+1) {
		t.Errorf("cards of the snapshot %+v: %+v", first.head, second.head)
	}
}

func TestExportRefusals(t *testing.T) {
	x := start(t, nil)
	snapshot := x.exportHead("id").Snapshot
	id := x.reg.ID()
	cases := []struct {
		name, query string
		status      int
		code        string
	}{
		{"no kind", "", 400, "kind_invalid"},
		{"unknown kind", "kind=passport", 400, "kind_invalid"},
		{"after without a snapshot", "kind=id&after=1", 400, "after_invalid"},
		{"after behind the end", "kind=id&after=99&snapshot=" + snapshot, 400, "after_invalid"},
		{"negative after", "kind=id&after=-1&snapshot=" + snapshot, 400, "after_invalid"},
		{"another registry's snapshot", "kind=id&snapshot=seed9-people5-2026-0.1.1.0", 409, "snapshot_gone"},
		{"nonsense", "kind=id&snapshot=x", 409, "snapshot_gone"},
		{"a version that never was", "kind=id&snapshot=" + id + ".9.1.1", 409, "snapshot_gone"},
		{"a mark ahead of its keys", "kind=id&snapshot=" + id + ".1.2.1", 409, "snapshot_gone"},
		{"older than any token", "kind=id&snapshot=" + id + ".1.1.1", 409, "snapshot_gone"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			x := *x
			x.t = t
			x.refused(c.status, c.code, "GET", "/keys?"+c.query, "")
		})
	}
}

func TestSnapshotSurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	x := inFolder(t, dir)
	x.births(2, "001")
	before := x.compactExport("kind=code")
	x.stop()
	y := inFolder(t, dir)
	y.births(1, "001")
	after := y.compactExport("kind=code&after=1&snapshot=" + before.head.Snapshot)
	if after.total != before.total || after.sum != before.sum || after.head.Watermark != before.head.Watermark {
		t.Errorf("after the restart: %+v, before: %+v", after.head, before.head)
	}
}
