package feed_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/verigate/verigate/cache/feed"
)

func TestHTTPSource(t *testing.T) {
	for _, c := range []struct {
		name, after string
		serve       http.HandlerFunc
		want        string // the body, or a part of the error
		expired     bool
	}{
		{name: "goes on", after: "t/1+2", serve: func(w http.ResponseWriter, r *http.Request) {
			if got := r.Header.Get("Authorization") + " " + r.URL.Path + "?" + r.URL.RawQuery; got != "Bearer secret /base/changes?after=t%2F1%2B2&wait=1s" {
				t.Errorf("asked for %s", got)
			}
			_, _ = io.WriteString(w, "lines")
		}, want: "lines"},
		{name: "from the beginning", serve: func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("after") {
				t.Error("sent an empty token")
			}
			_, _ = io.WriteString(w, "lines")
		}, want: "lines"},
		{name: "expired", after: "t1", serve: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }, want: "cannot go on", expired: true},
		{name: "refused", serve: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, want: "403"},
		{name: "broken", serve: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, want: "502"},
		{name: "gone away", after: "very-private-token", serve: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, want: "EOF"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(c.serve)
			defer server.Close()
			s := &feed.HTTPSource{URL: server.URL + "/base", Token: "secret", Client: server.Client()}
			body, err := s.Changes(context.Background(), c.after, time.Second)
			if err != nil {
				if !strings.Contains(err.Error(), c.want) || errors.Is(err, feed.ErrTokenExpired) != c.expired || strings.Contains(err.Error(), "private") {
					t.Errorf("got %v, want %q", err, c.want)
				}
				return
			}
			defer body.Close()
			if b, err := io.ReadAll(body); err != nil || string(b) != c.want {
				t.Errorf("got %q, %v, want %q", b, err, c.want)
			}
		})
	}
}
