package main

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/verigate/verigate/cache/prefilter"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/registry"
)

// builtFilter builds a generation from a small nation's registry.
func builtFilter(t *testing.T) (file string) {
	t.Helper()
	r, err := registry.New(registry.Config{People: 2000, Seed: 1, Token: "secret"}, registry.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- r.Serve(ln) }()
	defer func() {
		if err := errors.Join(r.Shutdown(t.Context()), <-served); err != nil {
			t.Error(err)
		}
	}()
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(dir, "all.filter")
	build := filterBuildCmd{filterSource: filterSource{Registry: "http://" + ln.Addr().String()}, Out: file, FP: 0.001}
	if err := build.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("without a token the build ended with %v", err)
	}
	build.TokenFile = "no such file"
	if e, ok := errors.AsType[*exitError](build.Run(t.Context())); !ok || e.code != 2 {
		t.Error("a missing token file is not the operator's fault")
	}
	build.TokenFile = config.SecretFile(token)
	if err := build.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"text", "json"} {
		if err := (&filterCheckCmd{filterSource: build.filterSource, File: file, Absent: 3000, Format: format}).Run(t.Context()); err != nil {
			t.Errorf("checking as %s: %v", format, err)
		}
	}
	return file
}

func TestFilterBuildAndInspect(t *testing.T) {
	file := builtFilter(t)
	for _, format := range []string{"text", "json"} {
		if err := (&filterInspectCmd{File: file, Format: format}).Run(); err != nil {
			t.Errorf("inspecting as %s: %v", format, err)
		}
	}
	g, err := prefilter.Open(file, prefilter.Expect{})
	if err != nil {
		t.Fatal(err)
	}
	info := g.Info()
	var out strings.Builder
	if err := printInfo(&out, &info); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"keys", "bytes", "fp", "watermark", "coverage", "001–096", ", not QN, CA, CY"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("inspect does not tell %q:\n%s", want, out.String())
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (&filterInspectCmd{File: file, Format: "text"}).Run(); err == nil || report(err) != 1 || !strings.Contains(err.Error(), "checksum") {
		t.Errorf("a damaged file ends with %v", err)
	}
	missing := filepath.Join(t.TempDir(), "none")
	if err := (&filterInspectCmd{File: missing, Format: "text"}).Run(); err == nil || report(err) != 2 {
		t.Errorf("a missing file ends with %v", err)
	}
}
