package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// newClient prefers wrk, which leaves the most of its cores to the server; the built-in client needs nothing installed.
func newClient(o options, pin []string, dir string, questions []question) (client, error) {
	if binary, _ := exec.LookPath("wrk"); binary == "" || o.own {
		return &generator{conns: o.conns, questions: questions}, nil
	}
	script := filepath.Join(dir, "questions.lua")
	if err := os.WriteFile(script, []byte(lua(questions)), 0o600); err != nil {
		return nil, fmt.Errorf("writing wrk's script: %w", err)
	}
	return &wrk{command: append(append([]string{}, pin...), "wrk"), script: script, conns: o.conns}, nil
}

// wrk is the C program of that name.
type wrk struct {
	command []string
	script  string
	conns   int
}

func (w *wrk) name() string { return "wrk" }

// lua formats every request once, so that the client's work per request is one table look-up.
func lua(questions []question) string {
	var b strings.Builder
	b.WriteString("local bodies = {\n")
	for _, q := range questions {
		fmt.Fprintf(&b, "[==[%s]==],\n", q.body)
	}
	fmt.Fprintf(&b, `}
local requests, i = {}, 0
init = function()
  for n, body in ipairs(bodies) do
    requests[n] = wrk.format("POST", "/v1/lookup", {["Authorization"] = "Bearer %s", ["Content-Type"] = "application/json", ["Host"] = wrk.host}, body)
  end
end
request = function()
  i = i %% #requests + 1
  return requests[i]
end
`, questions[0].key)
	return b.String()
}

var (
	perSecond = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)
	quantile  = regexp.MustCompile(`\s(50|99)%\s+([0-9.]+)(us|ms|s)`)
	refused   = regexp.MustCompile(`(Non-2xx or 3xx responses|Socket errors).*`)
)

func (w *wrk) drive(addr string, d time.Duration) (figures, error) {
	args := append(w.command[1:len(w.command):len(w.command)], "-t1", "-c"+strconv.Itoa(w.conns), "-d"+strconv.Itoa(max(1, int(d.Seconds())))+"s", "--latency", "-s", w.script, "http://"+addr)
	out, err := exec.Command(w.command[0], args...).CombinedOutput()
	if err != nil {
		return figures{}, fmt.Errorf("running wrk: %w: %s", err, out)
	}
	if bad := refused.Find(out); bad != nil {
		return figures{}, fmt.Errorf("running wrk: %s", bad)
	}
	var f figures
	if m := perSecond.FindSubmatch(out); m != nil {
		f.PerSecond, _ = strconv.ParseFloat(string(m[1]), 64) // the pattern allows numbers only
	}
	for _, m := range quantile.FindAllSubmatch(out, -1) {
		v, _ := strconv.ParseFloat(string(m[2]), 64)
		v *= map[string]float64{"us": .001, "ms": 1, "s": 1000}[string(m[3])]
		if string(m[1]) == "50" {
			f.P50 = v
		} else {
			f.P99 = v
		}
	}
	if f.PerSecond == 0 {
		return f, fmt.Errorf("reading wrk's report: %s", out)
	}
	return f, nil
}
