package registry_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry"
)

// TestOverNewYear lets a registry run over the turn of the year and starts it anew afterwards: while it runs it stays the
// nation it was, births included; once it is another nation, it takes no token and no snapshot of the one before.
func TestOverNewYear(t *testing.T) {
	var later atomic.Int64
	eve := time.Date(2026, 12, 31, 16, 59, 0, 0, time.UTC) // a minute to midnight in Hà Nội
	deps := registry.Deps{Now: func() time.Time { return eve.Add(time.Duration(later.Load())) }}
	dir := t.TempDir()
	config := func(c *registry.Config) { c.Data, c.Today = dir, identity.Date{} }
	x := startWith(t, deps, config)
	born := func() []string {
		t.Helper()
		var reply birthsReply
		if err := json.Unmarshal(x.must(http.StatusOK, "POST", "/lab/people", `{"op":"birth","count":5,"province":"001"}`), &reply); err != nil || len(reply.People) != 5 {
			t.Fatalf("births: %+v, %v", reply, err)
		}
		var ids []string
		for _, c := range reply.People {
			ids = append(ids, c.ID)
		}
		return ids
	}
	found := func(ids []string) {
		t.Helper()
		for _, id := range ids {
			reply := x.must(http.StatusOK, "POST", "/records", `{"keys":[{"kind":"id","value":"`+id+`"}]}`)
			if !strings.Contains(string(reply), `"status":"record"`) || !strings.Contains(string(reply), id) {
				t.Errorf("%s: %s", id, reply)
			}
		}
	}
	head := func() (h struct {
		Registry, Snapshot string
		FeedToken          string `json:"feed_token"`
		Count              int
	}) {
		t.Helper()
		line, _, _ := strings.Cut(string(x.must(http.StatusOK, "GET", "/keys?kind=id", "")), "\n")
		if err := json.Unmarshal([]byte(line), &h); err != nil {
			t.Fatal(err)
		}
		return h
	}
	old := born()
	before := head()
	later.Store(int64(2 * time.Minute))
	found(old)
	young := born()
	found(young)
	after := head()
	if after.Registry != before.Registry || after.Count != before.Count+5 {
		t.Errorf("after midnight the export is of %s with %d keys, before of %s with %d", after.Registry, after.Count, before.Registry, before.Count)
	}
	x.must(http.StatusOK, "GET", "/changes?wait=0s&after="+before.FeedToken, "")
	x.stop()

	x = startWith(t, deps, config)
	if anew := head(); anew.Registry == before.Registry {
		t.Errorf("the nation of another year has the same ID, %s", anew.Registry)
	}
	x.must(http.StatusGone, "GET", "/changes?wait=0s&after="+after.FeedToken, "")
	x.must(http.StatusConflict, "GET", "/keys?kind=id&after=0&snapshot="+after.Snapshot, "")
}
