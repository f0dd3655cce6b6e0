package prefilter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/verigate/verigate/identity"
)

// HTTPSource asks a registry's GET /keys for compact exports. It is safe for concurrent use.
type HTTPSource struct {
	URL    string        // the registry's base URL
	Token  string        // bearer token; "" sends none
	Client *http.Client  // nil: http.DefaultClient. It must not have a Timeout: exports are long
	Stall  time.Duration // a response that brings less than 64 KiB in so long is given up; 30 s by default
}

// Export implements [Source].
func (s *HTTPSource) Export(ctx context.Context, kind identity.Kind, snapshot string, after uint64) (io.ReadCloser, error) {
	query := url.Values{"kind": {kind.String()}}
	if snapshot != "" {
		query.Set("snapshot", snapshot)
		query.Set("after", strconv.FormatUint(after, 10))
	}
	ctx, cancel := context.WithCancelCause(ctx)
	body := &watched{stall: s.Stall, cancel: cancel}
	if body.stall <= 0 {
		body.stall = 30 * time.Second
	}
	body.timer = time.AfterFunc(body.stall, func() {
		cancel(fmt.Errorf("asking for keys: less than %d bytes came in %s", leastRead, body.stall))
	})
	resp, err := s.get(ctx, query) //nolint:bodyclose // the caller closes it, through watched
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		body.stop()
		return nil, fmt.Errorf("asking for keys: %w", err)
	}
	body.ctx, body.body = ctx, resp.Body
	if err := exportStatus(resp); err != nil {
		body.Close()
		return nil, err
	}
	return body, nil
}

func (s *HTTPSource) get(ctx context.Context, query url.Values) (*http.Response, error) {
	u, err := url.Parse(s.URL)
	if err != nil {
		return nil, &Permanent{err}
	}
	u = u.JoinPath("keys")
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, &Permanent{err}
	}
	req.Header.Set("Accept", MediaType)
	if s.Token != "" {
		req.Header.Set("Authorization", "Bearer "+s.Token)
	}
	client := s.Client
	if client == nil {
		client = http.DefaultClient
	}
	return client.Do(req)
}

func exportStatus(resp *http.Response) error {
	err := fmt.Errorf("asking for keys: the registry answered %s", resp.Status)
	switch code := resp.StatusCode; {
	case code == http.StatusConflict || code == http.StatusGone:
		return ErrSnapshotGone
	case code >= 400 && code < 500 && code != http.StatusTooManyRequests && code != http.StatusRequestTimeout:
		return &Permanent{err}
	case code != http.StatusOK:
		return err
	case resp.Header.Get("Content-Type") != MediaType:
		return &Permanent{fmt.Errorf("asking for keys: the registry answered %q instead of %s", resp.Header.Get("Content-Type"), MediaType)}
	}
	return nil
}

// leastRead is what must come in one stall, so that a trickle cannot hold a build up for ever.
const leastRead = 64 << 10

// watched is a body that is given up when nothing comes, or next to nothing.
type watched struct {
	read   int // since the timer was last set
	ctx    context.Context
	body   io.ReadCloser
	stall  time.Duration
	timer  *time.Timer
	cancel context.CancelCauseFunc
}

// Read implements io.Reader.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.body.Read(p)
	if w.read += n; w.read >= leastRead {
		w.read = 0
		w.timer.Reset(w.stall)
	}
	if cause := context.Cause(w.ctx); cause != nil && err != nil && !errors.Is(err, io.EOF) {
		err = cause
	}
	return n, err
}

// Close implements io.Closer.
func (w *watched) Close() error {
	w.stop()
	return w.body.Close()
}

func (w *watched) stop() {
	w.timer.Stop()
	w.cancel(nil)
}
