package witness

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Server is a witness. It keeps, for every log, the newest checkpoint it cosigned and, one after the other, all of them:
// a file that `verigate audit verify --checkpoint` takes as it is.
type Server struct {
	dir    string
	signer *Signer
	logs   map[string]note.Verifier // by origin
	log    *slog.Logger

	mu sync.Mutex // one checkpoint at a time: there are few
}

// New makes a witness that keeps what it cosigned in dir and knows the logs of the given origins. log may be nil.
func New(dir string, signer *Signer, logs map[string]note.Verifier, log *slog.Logger) (*Server, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Server{dir: dir, signer: signer, logs: logs, log: log}
	for origin := range logs {
		if err := s.mend(origin); err != nil {
			return nil, fmt.Errorf("reading what was cosigned of %s: %w", origin, err)
		}
	}
	return s, nil
}

// Path is where requests are taken.
const Path = "/add-checkpoint"

// SizeType is the type of an answer that tells the size the witness knows.
const SizeType = "text/x.tlog.size"

// refusal is an answer that is no cosignature.
type refusal struct {
	status int
	reason string
	size   *uint64 // tells the log where to go on from
}

func (r *refusal) Error() string { return r.reason }

// ServeHTTP answers POST /add-checkpoint and GET /<file of a log>, the checkpoints cosigned so far.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.URL.Path != Path {
		s.serveKept(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		http.Error(w, "the request is too long or broke off", http.StatusBadRequest)
		return
	}
	sig, err := s.Add(body)
	var no *refusal
	switch {
	case err == nil:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write(sig)
	case !errors.As(err, &no):
		s.log.Error("a checkpoint could not be kept and was not cosigned", "reason", err)
		http.Error(w, "the checkpoint cannot be kept", http.StatusInternalServerError)
	case no.size != nil:
		w.Header().Set("Content-Type", SizeType)
		w.WriteHeader(no.status)
		_, _ = w.Write(strconv.AppendUint(nil, *no.size, 10))
		_, _ = w.Write([]byte("\n"))
	default:
		s.log.Warn("a checkpoint was refused", "reason", no.reason)
		http.Error(w, no.reason, no.status)
	}
}

// Add takes the body of a request and returns the line with the cosignature.
func (s *Server) Add(body []byte) ([]byte, error) {
	r, err := parseRequest(body)
	if err != nil {
		return nil, &refusal{status: http.StatusBadRequest, reason: err.Error()}
	}
	text, _, _ := bytes.Cut(r.Checkpoint, []byte("\n"))
	v, known := s.logs[string(text)]
	if !known {
		return nil, &refusal{status: http.StatusNotFound, reason: "no log of this origin is witnessed here"}
	}
	n, err := note.Open(r.Checkpoint, note.VerifierList(v))
	if err != nil {
		return nil, &refusal{status: http.StatusForbidden, reason: "the checkpoint is not signed by its log"}
	}
	c, err := parseCheckpoint(n.Text)
	if err != nil || r.Old > c.size {
		return nil, &refusal{status: http.StatusBadRequest, reason: "the checkpoint is not one, or smaller than the old size"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.check(r, &c); err != nil {
		return nil, err
	}
	return s.cosign(c.origin, n)
}

// check holds a checkpoint to the newest one cosigned.
func (s *Server) check(r *Request, c *checkpoint) error {
	last, err := s.newest(c.origin)
	if err != nil {
		return err
	}
	if r.Old != last.size {
		return &refusal{status: http.StatusConflict, reason: "the old size is not the one known here", size: &last.size}
	}
	switch {
	case last.origin == "":
		return nil // the first one is taken as it comes
	case c.size == last.size && c.root != last.root:
		s.log.Error("a log shows two pasts", "origin", c.origin, "size", c.size)
		return &refusal{status: http.StatusConflict, reason: "another tree of the same size was cosigned", size: &last.size}
	case c.size == last.size && c.rewinds(&last):
		return &refusal{status: http.StatusUnprocessableEntity, reason: "the segment being written was cut back or changed since it was cosigned"}
	case c.size == last.size && len(r.Proof) == 0:
		return nil
	case last.size == 0 && len(r.Proof) == 0:
		return nil
	case last.size == 0 || c.size == last.size || tlog.CheckTree(r.Proof, int64(c.size), c.root, int64(last.size), last.root) != nil:
		return &refusal{status: http.StatusUnprocessableEntity, reason: "the proof does not show that this checkpoint continues the one cosigned before"}
	}
	return nil
}

// cosign keeps a checkpoint and returns the cosignature.
func (s *Server) cosign(origin string, n *note.Note) ([]byte, error) {
	n.UnverifiedSigs = nil // what others signed is theirs to tell
	whole, err := note.Sign(n, s.signer)
	if err != nil {
		return nil, err
	}
	last, err := os.ReadFile(s.newestPath(origin))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if !bytes.HasPrefix(last, []byte(n.Text+"\n")) { // a log at rest shows the same one again and again
		if err := s.keep(origin, whole); err != nil {
			return nil, err
		}
	}
	return whole[bytes.LastIndexByte(whole[:len(whole)-1], '\n')+1:], nil // the newest signature is the last line
}

func (s *Server) newestPath(origin string) string {
	return filepath.Join(s.dir, File(origin)+".newest")
}

// mend checks what was kept and cuts off what a crash left of a checkpoint that was on its way.
func (s *Server) mend(origin string) error {
	if _, err := s.newest(origin); err != nil {
		return err
	}
	path := filepath.Join(s.dir, File(origin))
	all, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	last, err := os.ReadFile(s.newestPath(origin))
	if errors.Is(err, fs.ErrNotExist) || err == nil && bytes.HasSuffix(all, last) {
		return nil
	}
	if at := bytes.LastIndex(all, last); err == nil && at >= 0 {
		err = os.Truncate(path, int64(at+len(last)))
	}
	return err
}

// File returns the name of the file that holds what was cosigned of a log.
func File(origin string) string {
	sum := sha256.Sum256([]byte(origin))
	return hex.EncodeToString(sum[:8]) + ".checkpoints"
}

// newest reads the last checkpoint cosigned; the zero checkpoint if there is none.
func (s *Server) newest(origin string) (c checkpoint, err error) {
	b, err := os.ReadFile(s.newestPath(origin))
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	n, err := note.Open(b, note.VerifierList(&s.signer.Verifier))
	if err != nil {
		return c, fmt.Errorf("the newest checkpoint is not one that was cosigned here: %w", err)
	}
	return parseCheckpoint(n.Text)
}

// keep puts a checkpoint on disk: first among all of them, then as the newest.
func (s *Server) keep(origin string, whole []byte) error {
	path := filepath.Join(s.dir, File(origin))
	all, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = all.Write(whole)
	if err = errors.Join(err, all.Sync(), all.Close()); err != nil {
		return err
	}
	return replace(s.newestPath(origin), whole)
}

func replace(path string, b []byte) error {
	f, err := os.OpenFile(path+".tmp", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// serveKept hands out what was cosigned.
func (s *Server) serveKept(w http.ResponseWriter, r *http.Request) {
	for origin := range s.logs {
		if r.URL.Path == "/"+File(origin) && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			http.ServeFile(w, r, filepath.Join(s.dir, File(origin)))
			return
		}
	}
	http.NotFound(w, r)
}
