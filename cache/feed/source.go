package feed

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// ErrTokenExpired means that the registry can no longer go on from a token, or that its history is another one.
var ErrTokenExpired = errors.New("the registry cannot go on from our place in its change feed")

// Source opens the change feed after a token ("" from the beginning of what is kept) for about wait. The caller closes
// the stream.
type Source interface {
	Changes(ctx context.Context, after string, wait time.Duration) (io.ReadCloser, error)
}

// HTTPSource asks a registry's GET /changes. It is safe for concurrent use.
type HTTPSource struct {
	URL    string       // the registry's base URL
	Token  string       // bearer token; "" sends none
	Client *http.Client // nil: http.DefaultClient
}

// Changes implements [Source].
func (s *HTTPSource) Changes(ctx context.Context, after string, wait time.Duration) (io.ReadCloser, error) {
	u, err := url.Parse(s.URL)
	if err != nil {
		return nil, fmt.Errorf("asking for changes: %w", err)
	}
	u = u.JoinPath("changes")
	query := url.Values{"wait": {wait.String()}}
	if after != "" {
		query.Set("after", after)
	}
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("asking for changes: %w", err)
	}
	req.Header.Set("Accept", "application/x-ndjson")
	req.Header.Set("Cache-Control", "no-store") // a stored reply would make an old watermark look young
	if s.Token != "" {
		req.Header.Set("Authorization", "Bearer "+s.Token)
	}
	client := s.Client
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking for changes: %w", withoutURL(err))
	}
	switch resp.StatusCode {
	case http.StatusOK:
		return resp.Body, nil
	case http.StatusGone:
		err = ErrTokenExpired
	default:
		err = &refused{resp.Status}
	}
	resp.Body.Close()
	return nil, err
}

// withoutURL keeps the resume token out of error texts.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// refused is a status that is not an answer.
type refused struct{ status string }

func (e *refused) Error() string { return "asking for changes: the registry answered " + e.status }

// garbled is content that is not the feed's.
type garbled struct{ err error }

func (e *garbled) Error() string { return "reading changes: " + e.err.Error() }
func (e *garbled) Unwrap() error { return e.err }

// lines cuts a stream into lines of bounded length.
type lines struct{ r *bufio.Reader }

func newLines(r io.Reader) *lines { return &lines{bufio.NewReaderSize(r, maxLine)} }

var errTooLong = fmt.Errorf("a line is longer than %d bytes", maxLine)

// next returns the next line without its end, good until the next call. io.EOF means that the stream ended between two
// lines; a stream that ends within one is io.ErrUnexpectedEOF.
func (l *lines) next() ([]byte, error) {
	for {
		text, err := l.r.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return nil, &garbled{errTooLong}
		case errors.Is(err, io.EOF) && len(text) > 0:
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, err
		case len(text) > 1:
			return text[:len(text)-1], nil
		}
	}
}

// ended makes of a stream's end what poll returns.
func ended(err error) error {
	var g *garbled
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case errors.As(err, &g):
		return err
	}
	return fmt.Errorf("reading changes: %w", err)
}
