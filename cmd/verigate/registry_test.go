package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/verigate/verigate/config"
)

// small is the registry command over a nation that is quickly there.
func small() *registryServeCmd {
	return &registryServeCmd{nationFlags: nationFlags{People: 100, Seed: 1}, Listen: "127.0.0.1:0"}
}

func TestRegistryServesUntilItIsTold(t *testing.T) {
	c := small()
	c.TokenFile = config.SecretFile(filepath.Join(t.TempDir(), "token"))
	if err := os.WriteFile(string(c.TokenFile), []byte("sesame\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, tell := context.WithCancel(t.Context())
	defer tell()
	r, ln, err := c.start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- serveUntil(ctx, r, ln) }()
	for _, s := range []struct {
		token  string
		status int
	}{{"sesame", http.StatusOK}, {"sesam", http.StatusUnauthorized}} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+ln.Addr().String()+"/changes?wait=0s", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+s.token)
		req.Close = true
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if res.StatusCode != s.status {
			t.Errorf("token %q: status %d, want %d", s.token, res.StatusCode, s.status)
		}
	}
	tell()
	if err := <-done; err != nil {
		t.Errorf("serving: %v", err)
	}
}

func TestRegistryRefusesBadSettings(t *testing.T) {
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name string
		edit func(*registryServeCmd)
		want string
	}{
		{"port taken", func(c *registryServeCmd) { c.Listen = taken.Addr().String() }, taken.Addr().String()},
		{"no people", func(c *registryServeCmd) { c.People = 0 }, "people 0"},
		{"no date", func(c *registryServeCmd) { c.Today = "tomorrow" }, "--today"},
		{"no token file", func(c *registryServeCmd) { c.TokenFile = "/does/not/exist" }, "--token-file"},
		{"empty token file", func(c *registryServeCmd) { c.TokenFile = config.SecretFile(empty) }, empty},
		{"certificate without key", func(c *registryServeCmd) { c.TLSCert = "registry.crt" }, "registry.crt"},
		{"data in a file", func(c *registryServeCmd) { c.Data = empty }, empty},
	}
	for _, s := range cases {
		t.Run(s.name, func(t *testing.T) {
			c := small()
			s.edit(c)
			_, _, err := c.start(t.Context())
			var exit *exitError
			if !errors.As(err, &exit) || exit.code != 2 {
				t.Fatalf("error %v, want one that exits with 2", err)
			}
			if text := err.Error(); !strings.Contains(text, s.want) || strings.Contains(text, "\n") {
				t.Errorf("error %q, want one line with %q", text, s.want)
			}
		})
	}
}
