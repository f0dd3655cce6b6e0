package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/verigate/verigate/config"
)

// TestFilterCommandsSayWhatToDo goes through an administrator's mistakes: every refusal says what to look at.
func TestFilterCommandsSayWhatToDo(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + ln.Addr().String()
	_ = ln.Close()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"code":"path_unknown"}`))
	}))
	defer other.Close()
	key := config.SecretFile(write("key", "vg_key\n"))
	text := write("text", "notes\n")
	for name, c := range map[string]struct {
		run  func() error
		code int
		want string
	}{
		"inspect nothing":        {func() error { return (&filterInspectCmd{File: filepath.Join(dir, "none")}).Run() }, 2, "verigate filter build"},
		"inspect a folder":       {func() error { return (&filterInspectCmd{File: dir}).Run() }, 1, "may read"},
		"inspect something else": {func() error { return (&filterInspectCmd{File: text}).Run() }, 1, "verigate filter rebuild"},
		"check something else": {func() error {
			return (&filterCheckCmd{File: text, filterSource: filterSource{From: dir}}).Run(t.Context())
		}, 1, "verigate filter rebuild"},
		"build from no URL":          {func() error { return build(t, filterSource{Registry: "ftp://x"}) }, 2, "must be an http or https URL"},
		"build from nobody":          {func() error { return build(t, filterSource{Registry: nobody}) }, 1, "is the registry running"},
		"build from another server":  {func() error { return build(t, filterSource{Registry: other.URL}) }, 1, "base URL of a record API"},
		"build from an empty folder": {func() error { return build(t, filterSource{From: dir}) }, 1, "needs id.keys, code.keys and card.keys"},
		"rebuild at no URL":          {func() error { return rebuild(t, operatorFlags{Admin: "here", KeyFile: key}) }, 2, "must be an http or https URL"},
		"rebuild at nobody":          {func() error { return rebuild(t, operatorFlags{Admin: nobody, KeyFile: key}) }, 1, "is the gateway running"},
		"rebuild at another server":  {func() error { return rebuild(t, operatorFlags{Admin: other.URL, KeyFile: key}) }, 1, "admin listener (admin.listen)"},
		"rebuild without a key":      {func() error { return rebuild(t, operatorFlags{Admin: nobody, KeyFile: "none"}) }, 2, "--key-file"},
		"check nothing of a cache": {func() error {
			return (&cacheCheckCmd{operatorFlags: operatorFlags{Admin: nobody, KeyFile: key}}).Run(t.Context())
		}, 2, "--sample"},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.run()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if code := report(err); code != c.code {
				t.Errorf("exit code %d, want %d: %v", code, c.code, err)
			}
		})
	}
}

func build(t *testing.T, from filterSource) error {
	return (&filterBuildCmd{filterSource: from, Out: filepath.Join(t.TempDir(), "f"), FP: 0.001}).Run(t.Context())
}

func rebuild(t *testing.T, at operatorFlags) error {
	return (&filterRebuildCmd{operatorFlags: at}).Run(t.Context())
}
