package budget

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

var bg = context.Background()

// webhook posts events, one after the other and in order. Nobody waits for it: what does not get through in time, or
// does not fit its queue, is counted and dropped, oldest first.
type webhook struct {
	cfg    Webhook
	b      *Budget
	key    []byte
	client *http.Client

	mu    sync.Mutex
	queue []post
	wake  chan struct{}
}

type post struct {
	event Event
	since time.Time
}

// newWebhook returns nil when none is configured; a nil webhook takes events and forgets them.
func newWebhook(cfg *Webhook, b *Budget) (*webhook, error) {
	if cfg.URL == "" {
		return nil, nil //nolint:nilnil // a nil webhook is one
	}
	key, err := cfg.KeyFile.Read()
	if err != nil {
		return nil, err
	}
	return &webhook{
		cfg: *cfg, b: b, key: key, wake: make(chan struct{}, 1),
		client: &http.Client{
			Timeout:       cfg.Timeout.Std(),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, IdleConnTimeout: time.Minute, MaxIdleConns: 1},
		},
	}, nil
}

func (w *webhook) push(e Event) {
	if w == nil {
		return
	}
	w.mu.Lock()
	if len(w.queue) >= w.cfg.Queue {
		w.queue = append(w.queue[:0], w.queue[1:]...)
		w.b.m.posts["dropped"].Inc()
	}
	w.queue = append(w.queue, post{e, time.Now()})
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *webhook) pending() int {
	if w == nil {
		return 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.queue)
}

// run delivers until ctx ends.
func (w *webhook) run(ctx context.Context) {
	defer w.client.CloseIdleConnections()
	failures := 0
	for {
		p, ok := w.first()
		switch {
		case !ok:
			failures = 0
			select {
			case <-w.wake:
				continue
			case <-ctx.Done():
				return
			}
		case time.Since(p.since) > w.cfg.GiveUp.Std():
			w.drop(p.event.ID, "given_up")
			continue
		}
		err := w.send(ctx, &p.event)
		if err == nil {
			w.drop(p.event.ID, "delivered")
			failures = 0
			continue
		}
		if ctx.Err() != nil {
			return
		}
		w.b.m.posts["failed"].Inc()
		w.b.deps.Log.Warn("harvest webhook failed, it is tried again", "reason", err)
		if !w.pause(ctx, failures) {
			return
		}
		failures++
	}
}

func (w *webhook) first() (post, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == 0 {
		return post{}, false
	}
	return w.queue[0], true
}

// drop takes the event that was tried from the front, unless a full queue has pushed it out meanwhile.
func (w *webhook) drop(id, result string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.b.m.posts[result].Inc()
	if len(w.queue) > 0 && w.queue[0].event.ID == id {
		w.queue = append(w.queue[:0], w.queue[1:]...)
	}
}

// pause waits before another attempt, twice as long each time and never exactly as long as the other nodes.
func (w *webhook) pause(ctx context.Context, failures int) bool {
	longest := w.cfg.Longest.Std()
	d := min(longest, longest/100<<min(failures, 20))
	d += time.Duration(rand.Int64N(int64(d)/4 + 1))
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// The headers of a post. The signature is hexadecimal HMAC-SHA-256, under the shared secret, of the timestamp, a dot and
// the body; a receiver refuses timestamps that are minutes old.
const (
	HeaderTimestamp = "X-Verigate-Timestamp" // seconds since the Unix epoch, of the attempt
	HeaderSignature = "X-Verigate-Signature" // "sha256=" and 64 hexadecimal digits
)

// Sign returns the signature of a post.
func Sign(key []byte, timestamp string, body []byte) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(timestamp + "."))
	m.Write(body)
	return "sha256=" + hex.EncodeToString(m.Sum(nil))
}

func (w *webhook) send(ctx context.Context, e *Event) error {
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.cfg.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	at := strconv.FormatInt(time.Now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "verigate")
	req.Header.Set(HeaderTimestamp, at)
	req.Header.Set(HeaderSignature, Sign(w.key, at, body))
	resp, err := w.client.Do(req)
	if err != nil {
		if outer, ok := errors.AsType[*url.Error](err); ok {
			err = outer.Err // without the address, which may carry a secret of the receiver's
		}
		return err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("posting: status %d", resp.StatusCode)
	}
	return nil
}
