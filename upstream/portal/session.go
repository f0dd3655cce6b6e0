package portal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/verigate/verigate/verify"
)

// session is a token that everybody uses until it ends.
type session struct {
	query string // of a lookup, credentials included
	until int64  // Instant.Mono after which it is renewed before anybody is refused
}

// sessions hands out the current session and renews it, once for everybody who finds it ended.
type sessions struct {
	taking chan struct{} // holds one place: who takes a token
	once   sync.Once
	mu     sync.Mutex
	latest *session
}

// renewAfter bounds how long a token is used when the portal's own word is longer or cannot be read: its real life is
// not known, and taking one is cheap.
const renewAfter = 50 * time.Minute

// current returns a session other than bad. Whoever comes while a token is being taken waits for it, within ctx.
func (s *sessions) current(ctx context.Context, c *Client, bad *session) (*session, error) {
	s.once.Do(func() { s.taking = make(chan struct{}, 1) })
	if got := s.good(c.clock(), bad); got != nil {
		return got, nil
	}
	select {
	case s.taking <- struct{}{}:
		defer func() { <-s.taking }()
	case <-ctx.Done():
		return nil, fail(verify.TroubleTimeout, ctx.Err())
	}
	if got := s.good(c.clock(), bad); got != nil {
		return got, nil
	}
	taken, err := c.take(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.latest = taken
	s.mu.Unlock()
	return taken, nil
}

func (s *sessions) good(now verify.Instant, bad *session) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.latest == nil || s.latest == bad || now.Mono >= s.latest.until {
		return nil
	}
	return s.latest
}

// take logs in.
func (c *Client) take(ctx context.Context) (*session, error) {
	form := url.Values{"username": {c.cfg.Username}, "password": {c.password}}.Encode()
	asked := c.clock()
	status, reply, err := c.post(ctx, "api/token/take", "", "application/x-www-form-urlencoded", []byte(form))
	if err != nil {
		return nil, err
	}
	if status != fasthttp.StatusOK {
		return nil, fail(verify.TroubleRefused, fmt.Errorf("the portal answered the log-in with status %d", status))
	}
	var a struct {
		MaKetQua string
		APIKey   *struct {
			Access   string    `json:"access_token"`
			ID       string    `json:"id_token"`
			Username string    `json:"username"`
			Expires  time.Time `json:"expires_in"`
		}
	}
	if err := json.Unmarshal(reply, &a); err != nil {
		return nil, fail(verify.TroubleGarbled, errors.New("the answer to the log-in is not the portal's"))
	}
	if a.MaKetQua != "200" || a.APIKey == nil || a.APIKey.Access == "" {
		return nil, fail(verify.TroubleRefused, errors.New("the portal refused the log-in: check registry.portal.username and password_file"))
	}
	life := min(a.APIKey.Expires.Sub(asked.Time())-time.Minute, renewAfter)
	if life <= 0 {
		life = time.Minute
	}
	return &session{
		query: lookupQuery(a.APIKey.Access, a.APIKey.ID, c.cfg.Username, c.password), until: asked.Mono + int64(life),
	}, nil
}
