package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/verigate/verigate/audit/witness"
)

// witnessed is a witness as the log knows it.
type witnessed struct {
	url  string
	key  *witness.Verifier
	size uint64 // of the checkpoint it knows, as far as we know

	mu     sync.Mutex
	status WitnessStatus
}

// WitnessStatus is a witness's state for status pages.
type WitnessStatus struct {
	Name    string    `json:"name"`
	Size    uint64    `json:"size"`              // sealed segments in the newest checkpoint it cosigned
	At      time.Time `json:"at,omitzero"`       // when it did
	Trouble string    `json:"trouble,omitempty"` // why the last offer was in vain
}

// parseWitnesses reads the setting: an address and a key each.
func parseWitnesses(texts []string) ([]*witnessed, error) {
	var list []*witnessed
	for i, text := range texts {
		address, key, _ := strings.Cut(text, " ")
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("witnesses[%d] %q: must be http:// or https:// and an address, a space, and the witness's public key", i, text)
		}
		v, err := witness.NewVerifier(strings.TrimSpace(key))
		if err != nil {
			return nil, fmt.Errorf("witnesses[%d]: %w", i, err)
		}
		list = append(list, &witnessed{url: strings.TrimSuffix(address, "/"), key: v, status: WitnessStatus{Name: v.Name()}})
	}
	return list, nil
}

func (w *witnessed) state() WitnessStatus {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.status
}

// offerWithin bounds one exchange with a witness.
const offerWithin = 10 * time.Second

// offer shows the witnesses the newest checkpoint again and again. A witness that cannot be reached costs nobody
// anything; one that says that this log does not continue what it saw is an alarm.
func (l *Log) offer(ctx context.Context) {
	client := &http.Client{Timeout: offerWithin}
	defer client.CloseIdleConnections()
	t := time.NewTicker(l.cfg.OfferEvery.Std())
	defer t.Stop()
	for {
		l.offerOnce(ctx, client)
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// offerOnce collects the cosignatures of one checkpoint, keeps it with them, and then says who gave one.
func (l *Log) offerOnce(ctx context.Context, client *http.Client) {
	cp := l.Checkpoint()
	if cp == nil {
		return
	}
	whole := bytes.Clone(cp)
	lines := make([][]byte, len(l.witnesses))
	for i, w := range l.witnesses {
		line, err := l.ask(ctx, client, w, cp)
		if err != nil {
			l.refused(w, err)
			continue
		}
		lines[i], whole = line, append(whole, line...)
	}
	if len(whole) == len(cp) {
		return
	}
	if err := replaceFile(filepath.Join(l.cfg.Dir, cosignedFile), whole); err != nil {
		_ = l.waits("the cosigned checkpoint", err)
	}
	for i, w := range l.witnesses {
		if lines[i] != nil {
			l.cosigned(w, cp, lines[i])
		}
	}
}

// cosigned notes that a witness gave its line.
func (l *Log) cosigned(w *witnessed, cp, line []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	l.count.cosigned.Inc()
	n, _ := note.Open(append(bytes.Clone(cp), line...), note.VerifierList(w.key)) // it was checked
	w.status = WitnessStatus{Name: w.key.Name(), Size: w.size, At: w.key.Time(n)}
}

// refused notes why a witness gave none.
func (l *Log) refused(w *witnessed, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	first := w.status.Trouble == ""
	w.status.Trouble = err.Error()
	if !errors.Is(err, errContradicted) {
		l.count.unreached.Inc()
		if first {
			l.deps.Log.Warn("a witness did not cosign the audit log's checkpoint", "witness", w.key.Name(), "reason", err)
		}
		return
	}
	l.count.contradicted.Inc()
	l.deps.Log.Error("a witness refuses the audit log: it was shown another past", "witness", w.key.Name(), "reason", err)
}

// errContradicted is what a witness says of a log that was cut back, rewritten or copied and gone on with.
var errContradicted = errors.New("the log does not continue what the witness cosigned")

// ask has one witness cosign a checkpoint and returns its line.
func (l *Log) ask(ctx context.Context, client *http.Client, w *witnessed, cp []byte) ([]byte, error) {
	c, err := openCheckpoint(cp, l.public)
	if err != nil {
		return nil, err
	}
	for range 2 { // the first answer may be the size it knows
		status, kind, body, err := l.post(ctx, client, w, c.size, cp)
		if err != nil {
			return nil, err
		}
		switch {
		case status == http.StatusOK:
			if _, err := note.Open(append(bytes.Clone(cp), body...), note.VerifierList(w.key)); err != nil || bytes.Count(body, []byte("\n")) != 1 {
				return nil, fmt.Errorf("witness %s answered with no cosignature of its key", w.key.Name())
			}
			w.size = c.size
			return body, nil
		case status == http.StatusConflict && kind == witness.SizeType:
			known, err := strconv.ParseUint(strings.TrimSpace(string(body)), 10, 63)
			if err != nil {
				return nil, fmt.Errorf("witness %s knows size %q", w.key.Name(), body)
			}
			if known > c.size {
				return nil, fmt.Errorf("%w: it cosigned %d sealed segments, there are %d", errContradicted, known, c.size)
			}
			if known == w.size {
				return nil, fmt.Errorf("%w: it cosigned another tree of %d segments", errContradicted, known)
			}
			w.size = known
		case status == http.StatusUnprocessableEntity:
			return nil, fmt.Errorf("%w: %s", errContradicted, strings.TrimSpace(string(body)))
		default:
			return nil, fmt.Errorf("witness %s answered %d: %s", w.key.Name(), status, strings.TrimSpace(string(body)))
		}
	}
	return nil, fmt.Errorf("witness %s is asked by somebody else in this log's name", w.key.Name())
}

func (l *Log) post(ctx context.Context, client *http.Client, w *witnessed, size uint64, cp []byte) (status int, kind string, body []byte, err error) {
	r := witness.Request{Old: min(w.size, size), Checkpoint: cp}
	if r.Old > 0 && r.Old < size {
		tree := l.sealed()
		if r.Proof, err = tlog.ProveTree(int64(size), int64(r.Old), &tree); err != nil {
			return 0, "", nil, fmt.Errorf("proving that the log continues: %w", err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+witness.Path, bytes.NewReader(r.Encode()))
	if err != nil {
		return 0, "", nil, fmt.Errorf("offering a checkpoint: %w", err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", nil, fmt.Errorf("offering a checkpoint to witness %s: %w", w.key.Name(), err)
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	if err != nil {
		return 0, "", nil, fmt.Errorf("reading the answer of witness %s: %w", w.key.Name(), err)
	}
	return resp.StatusCode, resp.Header.Get("Content-Type"), body, nil
}
