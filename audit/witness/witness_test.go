package witness_test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/verigate/verigate/audit/witness"
)

const origin = "verigate/audit/00112233445566778899aabbccddeeff"

// log is a transparency log that can lie.
type log struct {
	t      testing.TB
	signer note.Signer
	public note.Verifier
	hashes []tlog.Hash
	n      int64
}

func newLog(t testing.TB) *log {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, "log")
	if err != nil {
		t.Fatal(err)
	}
	signer, err1 := note.NewSigner(private)
	verifier, err2 := note.NewVerifier(public)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	return &log{t: t, signer: signer, public: verifier}
}

// ReadHashes implements [tlog.HashReader].
func (l *log) ReadHashes(indexes []int64) (out []tlog.Hash, err error) {
	for _, i := range indexes {
		out = append(out, l.hashes[i])
	}
	return out, nil
}

func (l *log) add(leaves ...string) *log {
	for _, leaf := range leaves {
		h, err := tlog.StoredHashes(l.n, []byte(leaf), l)
		if err != nil {
			l.t.Fatal(err)
		}
		l.hashes, l.n = append(l.hashes, h...), l.n+1
	}
	return l
}

// fork returns a log with the same key and another past.
func (l *log) fork(leaves ...string) *log {
	return (&log{t: l.t, signer: l.signer, public: l.public}).add(leaves...)
}

// request asks to cosign the log as it is, as the continuation of old; extra are lines behind the root.
func (l *log) request(old int64, extra ...string) []byte {
	root, err := tlog.TreeHash(l.n, l)
	if err != nil {
		l.t.Fatal(err)
	}
	text := fmt.Sprintf("%s\n%d\n%s\n", origin, l.n, root) + strings.Join(append(extra, ""), "\n")
	cp, err := note.Sign(&note.Note{Text: text}, l.signer)
	if err != nil {
		l.t.Fatal(err)
	}
	r := witness.Request{Old: uint64(old), Checkpoint: cp}
	if old > 0 && old < l.n {
		if r.Proof, err = tlog.ProveTree(l.n, old, l); err != nil {
			l.t.Fatal(err)
		}
	}
	return r.Encode()
}

func newWitness(t testing.TB, dir string, l *log) (*witness.Server, *witness.Signer) {
	t.Helper()
	signer, err := witness.LoadSigner(filepath.Join(dir, "witness.key"), "ministry", func() time.Time { return time.Unix(1_790_000_000, 0) })
	if err != nil {
		t.Fatal(err)
	}
	s, err := witness.New(dir, signer, map[string]note.Verifier{origin: l.public}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s, signer
}

func post(s http.Handler, body []byte) (status int, kind, text string) {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, witness.Path, bytes.NewReader(body)))
	return w.Code, w.Header().Get("Content-Type"), w.Body.String()
}

// What continues is cosigned, with a cosignature that anybody can check; what does not is refused with the status that
// C2SP tlog-witness gives it, also after the witness was restarted.
func TestWitness(t *testing.T) {
	l := newLog(t).add("a", "b")
	head := func(upTo int, hash string) string { return fmt.Sprintf("head 3 %d %s", upTo, hash) }
	dir := t.TempDir()
	s, signer := newWitness(t, dir, l)
	first := l.request(0, head(100, "AA=="))
	status, _, line := post(s, first)
	if status != http.StatusOK || !strings.HasPrefix(line, "— ministry ") || strings.Count(line, "\n") != 1 {
		t.Fatalf("%d %q", status, line)
	}
	_, cp, _ := bytes.Cut(first, []byte("\n\n"))
	v, err := witness.NewVerifier(signer.String())
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(append(cp, line...), note.VerifierList(v))
	if err != nil || v.Time(n).Unix() != 1_790_000_000 {
		t.Fatalf("%v", err)
	}
	l.add("c", "d", "e")
	strange := newLog(t).add("a", "b")
	for _, c := range []struct {
		name   string
		body   []byte
		status int
		text   string
	}{
		{"the same again", l.fork("a", "b").request(2, head(100, "AA==")), 200, "— ministry "},
		{"the open segment grown", l.fork("a", "b").request(2, head(200, "BB==")), 200, "— ministry "},
		{"the open segment cut back", l.fork("a", "b").request(2, head(150, "CC==")), 422, "cut back"},
		{"the open segment changed", l.fork("a", "b").request(2, head(200, "CC==")), 422, "cut back"},
		{"from nothing", l.request(0), 409, "2\n"},
		{"rolled back", l.fork("a").request(0), 409, "2\n"},
		{"another past of the same size", l.fork("a", "x").request(2), 409, "2\n"},
		{"a fork that has grown", l.fork("a", "x", "c", "d").request(2), 422, "does not show"},
		{"no proof", bytes.Replace(l.request(2), proofOf(l.request(2)), nil, 1), 422, "does not show"},
		{"old above the new", l.fork("a").request(2), 400, "smaller than the old size"},
		{"another key", strange.request(2), 403, "not signed by its log"},
		{"another log", bytes.Replace(l.request(2), []byte(origin), []byte("verigate/audit/ff"), 1), 404, "no log of this origin"},
		{"nonsense", []byte("hello"), 400, "not a request"},
		{"too long", append(l.request(2), make([]byte, 20<<10)...), 400, "too long"},
		{"grown", l.request(2), 200, "— ministry "},
		{"behind by then", l.request(2), 409, "5\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ = newWitness(t, dir, l)
			status, kind, text := post(s, c.body)
			if status != c.status || !strings.Contains(text, c.text) || (status == 409) != (kind == witness.SizeType) {
				t.Errorf("%d %s %q, want %d %q", status, kind, text, c.status, c.text)
			}
		})
	}
	all, err := os.ReadFile(filepath.Join(dir, witness.File(origin)))
	if err != nil || bytes.Count(all, []byte(origin)) != 3 {
		t.Errorf("kept %v:\n%s", err, all)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/"+witness.File(origin), nil))
	if w.Body.String() != string(all) {
		t.Errorf("handed out %d %q", w.Code, w.Body)
	}
}

// proofOf returns the proof's lines.
func proofOf(body []byte) []byte {
	head, _, _ := bytes.Cut(body, []byte("\n\n"))
	_, proof, _ := bytes.Cut(head, []byte("\n"))
	return append(proof, '\n')
}

// What a crash left of a checkpoint on its way is cut off; what was cosigned stays.
func TestWitnessCrash(t *testing.T) {
	l := newLog(t).add("a")
	dir := t.TempDir()
	s, _ := newWitness(t, dir, l)
	if status, _, text := post(s, l.request(0)); status != http.StatusOK {
		t.Fatal(status, text)
	}
	path := filepath.Join(dir, witness.File(origin))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(bytes.Clone(whole), whole[:50]...), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _ = newWitness(t, dir, l)
	if b, err := os.ReadFile(path); err != nil || !bytes.Equal(b, whole) {
		t.Errorf("%v: %s", err, b)
	}
	if status, _, text := post(s, l.add("b").request(1)); status != http.StatusOK {
		t.Error(status, text)
	}
}

// A witness whose disk is broken or that kept something it never cosigned signs nothing.
func TestWitnessFailsClosed(t *testing.T) {
	l := newLog(t).add("a")
	dir := t.TempDir()
	s, signer := newWitness(t, dir, l)
	path := filepath.Join(dir, witness.File(origin))
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if status, _, text := post(s, l.request(0)); status != http.StatusInternalServerError || strings.Contains(text, "ministry") {
		t.Errorf("%d %q", status, text)
	}
	if err := os.WriteFile(path+".newest", []byte("forged\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := witness.New(dir, signer, map[string]note.Verifier{origin: l.public}, nil); err == nil {
		t.Error("it goes on from what it never cosigned")
	}
}

func TestKeys(t *testing.T) {
	_, signer := newWitness(t, t.TempDir(), newLog(t))
	good := signer.String()
	for _, bad := range []string{"", "x", "ministry", good + "A", strings.Replace(good, "ministry", "other", 1), strings.Replace(good, "+", " ", 1)} {
		if v, err := witness.NewVerifier(bad); err == nil {
			t.Errorf("%q is a key: %v", bad, v)
		}
	}
	for _, name := range []string{"", "a b", "a+b"} {
		if _, err := witness.LoadSigner(filepath.Join(t.TempDir(), "k"), name, time.Now); err == nil {
			t.Errorf("%q is a name", name)
		}
	}
}

// No request makes a witness fail, and only a log's own key makes it sign.
func FuzzRequest(f *testing.F) {
	l := newLog(f).add("a", "b", "c")
	f.Add(l.request(0))
	f.Add(l.request(2, "head 4 100 AA=="))
	f.Add([]byte("old 1\n" + tlog.Hash{}.String() + "\n\n" + origin + "\n1\n" + hex.EncodeToString(nil)))
	s, _ := newWitness(f, f.TempDir(), newLog(f)) // of another log, which never signed any of this
	f.Fuzz(func(t *testing.T, body []byte) {
		if sig, err := s.Add(body); err == nil {
			t.Errorf("signed %q: %s", body, sig)
		}
	})
}
