package prefilter_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/verigate/verigate/cache/prefilter"
	"github.com/verigate/verigate/identity"
)

func TestHTTPSource(t *testing.T) {
	s := newStand(1000)
	for _, c := range []struct {
		name      string
		serve     http.HandlerFunc
		want      string // in the error; "" for success
		permanent bool
		gone      bool
	}{
		{name: "whole", serve: func(w http.ResponseWriter, r *http.Request) {
			if got := r.Header.Get("Authorization") + " " + r.Header.Get("Accept") + " " + r.URL.RawQuery; got !=
				"Bearer secret "+prefilter.MediaType+" after=0&kind=id&snapshot=s1" || r.URL.Path != "/base/keys" {
				t.Errorf("asked %s for %s", r.URL.Path, got)
			}
			w.Header().Set("Content-Type", prefilter.MediaType)
			head, blocks := s.render(identity.KindID, 0)
			_, _ = w.Write(append(head, blocks...))
		}},
		{name: "snapshot gone", serve: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusConflict) }, want: "snapshot", gone: true},
		{name: "credential refused", serve: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, want: "401", permanent: true},
		{name: "overloaded", serve: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, want: "503"},
		{name: "no such form", serve: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/x-ndjson")
		}, want: "instead of", permanent: true},
		{name: "says nothing", serve: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, want: "came in 50ms"},
		{name: "stops in the middle", serve: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", prefilter.MediaType)
			_, _ = w.Write([]byte(`{"format":1`))
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, want: "came in 50ms"},
		{name: "trickles", serve: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", prefilter.MediaType)
			for tick := time.Tick(5 * time.Millisecond); r.Context().Err() == nil; <-tick {
				_, _ = w.Write([]byte("x"))
				_ = http.NewResponseController(w).Flush()
			}
		}, want: "came in 50ms"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(c.serve)
			defer server.Close()
			src := &prefilter.HTTPSource{URL: server.URL + "/base", Token: "secret", Stall: 50 * time.Millisecond}
			body, err := src.Export(context.Background(), identity.KindID, "s1", 0)
			if err == nil {
				_, err = io.Copy(io.Discard, body)
				_ = body.Close()
			}
			var permanent *prefilter.Permanent
			switch {
			case (err != nil) != (c.want != ""), err != nil && !strings.Contains(err.Error(), c.want):
				t.Errorf("got %v, want %q", err, c.want)
			case errors.As(err, &permanent) != c.permanent || errors.Is(err, prefilter.ErrSnapshotGone) != c.gone:
				t.Errorf("got a %T: %v", err, err)
			}
		})
	}
}

func TestNobodyThereIsSaid(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	s := prefilter.HTTPSource{URL: gone.URL}
	if _, err := s.Export(t.Context(), identity.KindID, "", 0); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("err = %v, want connection refused", err)
	}
}
