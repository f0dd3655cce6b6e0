package apptest_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/verigate/verigate/internal/proc"
)

// noPersonalData looks for every sample's identifier and name in all that the gateway left behind: what it printed, its
// metrics and status, Redis' keys and values, and its files.
func noPersonalData(t *testing.T, g *gateway, shared *proc.Redis, list []sample) {
	t.Helper()
	printed := strings.Replace(g.Output(), greetingCurl(g.Output()), "", 1) // which shows somebody on purpose
	traces := map[string][]byte{"output": []byte(printed), "metrics": g.get(t, g.Admin+"/metrics").body,
		"status": g.get(t, g.Admin+"/status").body, "redis": dump(t, shared.Addr)}
	maps.Copy(traces, files(t, g.Dir))
	marks := newMarks()
	for _, s := range list {
		for _, m := range []string{s.ID, s.Code, s.Card, s.Name} {
			marks.add(m)
		}
	}
	for where, body := range traces {
		if found := marks.in(body); found != "" {
			t.Errorf("%s shows %q", where, found)
		}
	}
	if len(traces["redis"]) == 0 {
		t.Error("the shared cache was never written")
	}
}

// dump returns every key and value of a Redis.
func dump(t *testing.T, addr string) []byte {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: addr})
	defer c.Close()
	var out bytes.Buffer
	keys := c.Scan(context.Background(), 0, "*", 1000).Iterator()
	for keys.Next(t.Context()) {
		out.WriteString(keys.Val())
		if v, err := c.Dump(t.Context(), keys.Val()).Result(); err == nil {
			out.WriteString(v)
		}
	}
	if err := keys.Err(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// files returns what lies below dir but for the registry's own files, which are a stranger's.
func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && d.Name() == "registry" {
			return filepath.SkipDir
		}
		if d.Type().IsRegular() {
			out[path], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// marks finds any of many texts in one pass: by their first eight bytes, then by the rest.
type marks map[uint64][]string

func newMarks() marks { return marks{} }

// add adds a text of ten bytes or more; a shorter one would be found by chance.
func (m marks) add(text string) {
	if len(text) < 10 {
		return
	}
	head := binary.LittleEndian.Uint64([]byte(text[:8]))
	if !slices.Contains(m[head], text) {
		m[head] = append(m[head], text)
	}
}

// in returns the first mark in body, "" for none.
func (m marks) in(body []byte) string {
	for i := 0; i+8 <= len(body); i++ {
		head := binary.LittleEndian.Uint64(body[i:])
		if head == 0 { // most of a log's segment is not written yet
			continue
		}
		for _, mark := range m[head] {
			if bytes.HasPrefix(body[i:], []byte(mark)) {
				return mark
			}
		}
	}
	return ""
}
