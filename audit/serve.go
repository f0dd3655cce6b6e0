package audit

import (
	"encoding/binary"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// tileHeight is fixed by C2SP tlog-tiles: 256 hashes in a tile.
const tileHeight = 8

// ServeHTTP offers the log's transparency data to witnesses and to whoever keeps checkpoints, in the form of C2SP
// tlog-tiles: /checkpoint, /cosigned (the newest that witnesses cosigned), /tile/<level>/<index>[.p/<width>], /tile/entries/<index>[.p/<width>] with the seals, and
// /LOG with the public key. Nothing in it tells about a decision. Paths are taken as they are: a mount strips its prefix.
func (l *Log) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.Error(w, "only GET", http.StatusMethodNotAllowed)
		return
	}
	var b []byte
	kind := "application/octet-stream"
	switch path := r.URL.Path; {
	case path == "/checkpoint":
		b, kind = l.Checkpoint(), "text/plain; charset=utf-8"
	case path == "/cosigned":
		b, _ = os.ReadFile(filepath.Join(l.cfg.Dir, cosignedFile))
		kind = "text/plain; charset=utf-8"
	case path == "/LOG":
		b, _ = os.ReadFile(filepath.Join(l.cfg.Dir, metaFile))
		kind = "text/plain; charset=utf-8"
	case strings.HasPrefix(path, "/tile/entries/"):
		b = l.entries(strings.TrimPrefix(path, "/tile/entries/"))
	case strings.HasPrefix(path, "/tile/"):
		b = l.tile(strings.TrimPrefix(path, "/tile/"))
	}
	if b == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(b)
}

// tile returns the hashes of a tile, nil if there is none yet.
func (l *Log) tile(name string) []byte {
	t, err := tlog.ParseTilePath("tile/8/" + name)
	if err != nil || t.L < 0 {
		return nil
	}
	tree := l.sealed()
	b, err := tlog.ReadTileData(t, &tree)
	if err != nil {
		return nil
	}
	return b
}

// entries returns a bundle of seals, each behind its length in two bytes.
func (l *Log) entries(name string) []byte {
	t, err := tlog.ParseTilePath("tile/8/0/" + name)
	if err != nil {
		return nil
	}
	tree := l.sealed()
	from := t.N << tileHeight
	if from+int64(t.W) > int64(len(tree.leaves)) {
		return nil
	}
	var b []byte
	for i := range tree.leaves[from : from+int64(t.W)] {
		leaf := tree.leaves[from+int64(i)].encode()
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(leaf))), leaf...)
	}
	return b
}
