package audit_test

import (
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func get(t testing.TB, h http.Handler, path string) (status int, body string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

// A witness that knows only the public key can check a checkpoint, compute its root from the tiles, and each seal's
// place in it.
func TestWitnessCanCheck(t *testing.T) {
	const segments = 5
	cfg := written(t, segments, 3)
	l := open(t, cfg)
	_, meta := get(t, l, "/LOG")
	_, key, _ := strings.Cut(meta, "\nverifier ")
	verifier, err := note.NewVerifier(strings.TrimSpace(key))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "a checkpoint", func() bool { return l.Checkpoint() != nil })
	status, text := get(t, l, "/checkpoint")
	n, err := note.Open([]byte(text), note.VerifierList(verifier))
	if status != http.StatusOK || err != nil {
		t.Fatalf("%d, %v: %s", status, err, text)
	}
	lines := strings.Split(n.Text, "\n")
	if lines[1] != itoa(segments) {
		t.Fatalf("size %s, want %d", lines[1], segments)
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		t.Fatal(err)
	}
	tiles := tlog.TileHashReader(tlog.Tree{N: segments, Hash: root}, tileReader{t, l})
	if got, err := tlog.TreeHash(segments, tiles); err != nil || got != root {
		t.Errorf("the tiles' root is %v (%v), the checkpoint's %v", got, err, root)
	}
	_, bundle := get(t, l, "/tile/entries/000.p/5")
	for i := range int64(segments) {
		size := int(bundle[0])<<8 | int(bundle[1])
		leaf := bundle[2 : 2+size]
		bundle = bundle[2+size:]
		proof, err := tlog.ProveRecord(segments, i, tiles)
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckRecord(proof, segments, root, i, tlog.Hash(sha256.Sum256(append([]byte{0}, leaf...)))); err != nil {
			t.Errorf("seal %d: %v", i, err)
		}
	}
	if len(bundle) != 0 {
		t.Errorf("%d bytes behind the last seal", len(bundle))
	}
}

// tileReader fetches tiles as a witness would.
type tileReader struct {
	t testing.TB
	h http.Handler
}

func (r tileReader) Height() int { return 8 }

func (r tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

func (r tileReader) ReadTiles(tiles []tlog.Tile) (data [][]byte, err error) {
	for _, tile := range tiles {
		status, body := get(r.t, r.h, "/"+strings.Replace(tile.Path(), "tile/8/", "tile/", 1))
		if status != http.StatusOK {
			r.t.Errorf("%s: %d", tile.Path(), status)
		}
		data = append(data, []byte(body))
	}
	return data, nil
}

func TestNothingElseIsServed(t *testing.T) {
	cfg := written(t, 1, 1)
	l := open(t, cfg)
	for _, path := range []string{
		"/", "/seals", "/lock", "/" + segmentsOf(t, cfg.Dir)[0], "/tile/", "/tile/0/x001", "/tile/0/001", "/tile/0/000", "/tile/9/000",
		"/tile/data/000", "/tile/entries/000", "/tile/entries/000.p/9", "/tile/entries/../LOG", "/checkpoints", "/LOG/", "/../keys/audit/signing.key",
	} {
		if status, body := get(t, l, path); status != http.StatusNotFound {
			t.Errorf("%s: %d %q", path, status, body)
		}
	}
	w := httptest.NewRecorder()
	l.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/checkpoint", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
	if _, body := get(t, l, "/LOG"); body != string(readFile(t, filepath.Join(cfg.Dir, "LOG"))) {
		t.Errorf("%q", body)
	}
}
