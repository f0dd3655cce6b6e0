package gateway_test

import (
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/valyala/fasthttp"

	"github.com/verigate/verigate/gateway"
)

func TestLines(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want []string
		long []int // indexes of lines that are too long
	}{
		"none":            {"", nil, nil},
		"one":             {"abc\n", []string{"abc"}, nil},
		"no end":          {"abc", []string{"abc"}, nil},
		"CRLF":            {"a\r\nb\r", []string{"a", "b"}, nil},
		"empty ones":      {"\n\na\n\n", []string{"", "", "a", ""}, nil},
		"just right":      {"12345678\n12345678\r\n12345678", []string{"12345678", "12345678", "12345678"}, nil},
		"too long":        {"a\n123456789\nb", []string{"a", "123456789", "b"}, []int{1}},
		"far too long":    {strings.Repeat("x", 100) + "\nb\n", []string{"*", "b"}, []int{0}},
		"too long at end": {"b\n" + strings.Repeat("x", 100), []string{"b", "*"}, []int{1}},
	} {
		for reader, wrap := range map[string]func(io.Reader) io.Reader{"whole": same, "byte by byte": iotest.OneByteReader, "data with EOF": iotest.DataErrReader} {
			t.Run(name+", "+reader, func(t *testing.T) {
				got, long, err := gateway.ReadLines(wrap(strings.NewReader(c.in)), 11, 8)
				if !errors.Is(err, io.EOF) || len(got) != len(c.want) {
					t.Fatalf("got %q, %v", got, err)
				}
				for i := range got {
					if long[i] != slices.Contains(c.long, i) || (!long[i] && got[i] != c.want[i]) {
						t.Errorf("line %d: %q, too long: %v", i, got[i], long[i])
					}
				}
			})
		}
	}
}

func same(r io.Reader) io.Reader { return r }

func TestLinesEndWithTheReadersError(t *testing.T) {
	got, _, err := gateway.ReadLines(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(io.ErrUnexpectedEOF)), 11, 8)
	if !errors.Is(err, io.ErrUnexpectedEOF) || len(got) != 1 {
		t.Errorf("got %q, %v: half a line must not be answered", got, err)
	}
}

// FuzzLines holds the window to what splitting the whole text gives.
func FuzzLines(f *testing.F) {
	f.Add("a\r\nb\n\nccccccccccccccccccccccccccccc\nd")
	f.Add("\n")
	f.Fuzz(func(t *testing.T, text string) {
		const limit = 8
		want := strings.Split(text, "\n")
		if want[len(want)-1] == "" {
			want = want[:len(want)-1]
		}
		for _, r := range []io.Reader{strings.NewReader(text), iotest.HalfReader(strings.NewReader(text))} {
			got, long, err := gateway.ReadLines(r, limit+2, limit)
			if !errors.Is(err, io.EOF) || len(got) != len(want) {
				t.Fatalf("%d lines, want %d: %v", len(got), len(want), err)
			}
			for i, line := range want {
				line = strings.TrimSuffix(line, "\r")
				if long[i] != (len(line) > limit) || (!long[i] && got[i] != line) {
					t.Fatalf("line %d: %q, too long: %v; want %q", i, got[i], long[i], line)
				}
			}
		}
	})
}

func TestAddressBehindProxies(t *testing.T) {
	cfg, deps := testConfig(), testDeps(newWorld())
	cfg.TrustedProxies = []string{"10.0.0.0/8", "fd00::/8"}
	s, err := gateway.New(cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ peer, forwarded, want string }{
		"no proxy":               {"192.0.2.7", "", "192.0.2.7"},
		"a stranger's word":      {"192.0.2.7", "198.51.100.1", "192.0.2.7"},
		"a proxy's word":         {"10.1.1.1", "198.51.100.1", "198.51.100.1"},
		"two proxies":            {"10.1.1.1", "203.0.113.5, 198.51.100.1 , 10.2.2.2", "198.51.100.1"},
		"a proxy that says none": {"10.1.1.1", "", "10.1.1.1"},
		"rubbish":                {"10.1.1.1", "x", "10.1.1.1"},
		"an IPv6 client":         {"10.1.1.1", "2001:db8::1", "2001:db8::1"},
		"only proxies":           {"10.1.1.1", "10.3.3.3", "10.3.3.3"},
	} {
		rc := new(fasthttp.RequestCtx)
		rc.Init(&fasthttp.Request{}, &net.TCPAddr{IP: net.ParseIP(c.peer)}, nil)
		if c.forwarded != "" {
			rc.Request.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := s.Address(rc).String(); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	cfg.TrustedProxies = []string{"10.0.0.1"}
	if _, err := gateway.New(cfg, deps); err == nil || !strings.Contains(err.Error(), `trusted_proxies "10.0.0.1"`) {
		t.Errorf("a bad network: %v", err)
	}
}

func TestRoutesKnowTheirPlace(t *testing.T) {
	if !gateway.RoutesInPlace() {
		t.Error("a route's counters would be another's")
	}
}
