package apptest_test

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/verigate/verigate/internal/proc"
)

// TestStopAnswersWhatIsUnderWay sends SIGTERM while callers keep asking: every request that was taken is answered.
func TestStopAnswersWhatIsUnderWay(t *testing.T) {
	g := startDemo(t)
	list := samples(t, "valid", 400, 2)
	g.faults(t, map[string]any{"latency_ms": 100})
	var answered, wrong atomic.Int64
	var wg sync.WaitGroup
	for worker := range askers {
		wg.Go(func() {
			for i := worker; i < len(list); i += askers {
				a, err := g.lookup(list[i])
				if err != nil {
					return // the listener is closed: a load balancer asks another node
				}
				if a.status != http.StatusOK {
					wrong.Add(1)
				}
				answered.Add(1)
			}
		})
	}
	for answered.Load() < askers {
		time.Sleep(time.Millisecond)
	}
	if err := g.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if code, err := g.Wait(30 * time.Second); err != nil || code != 0 {
		t.Errorf("exit code %d, %v:\n%s", code, err, g.Output())
	}
	if wrong.Load() > 0 {
		t.Errorf("%d of %d answers under way were spoilt", wrong.Load(), answered.Load())
	}
}

// TestBadConfigurationListsEveryFault: exit 2, each fault on its line, nothing started.
func TestBadConfigurationListsEveryFault(t *testing.T) {
	path := filepath.Join(t.TempDir(), "verigate.yaml")
	text := "gatewey:\n  listen: 127.0.0.1:0\nadmin:\n  listen: nowhere\n  profilling: true\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"serve", "--config", path}, {"serve", "--config", path, "--check"}} {
		code, out := runToEnd(t, args...)
		if code != 2 {
			t.Errorf("%v: exit code %d:\n%s", args, code, out)
		}
		for _, part := range []string{path + ":1: gatewey: unknown key", "admin.listen \"nowhere\"", path + ":5: admin.profilling: unknown key, did you mean profiling?"} {
			if !strings.Contains(out, part) {
				t.Errorf("%v: no %q in:\n%s", args, part, out)
			}
		}
	}
}

func TestOperatorMistakesExitTwo(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	addr := taken.Addr().String()
	free := func() string {
		a, err := proc.FreeAddr()
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	for _, test := range []struct {
		name string
		args []string
		part string
	}{
		{"taken gateway port", []string{"demo", "--data", t.TempDir(), "--listen", addr, "--admin", free(), "--registry", free(), "--people", "1000"}, addr},
		{"taken admin port", []string{"demo", "--data", t.TempDir(), "--listen", free(), "--admin", addr, "--registry", free(), "--people", "1000"}, addr},
		{"taken registry port", []string{"registry", "--listen", addr, "--people", "1000"}, addr},
		{"missing configuration", []string{"serve", "--config", "/nonexistent/verigate.yaml"}, "/nonexistent/verigate.yaml"},
		{"unknown flag", []string{"serve", "--confg", "x"}, "--confg"},
		{"unknown command", []string{"sreve"}, "sreve"},
		{"too many people", []string{"registry", "sample", "--people", "98700001"}, "98700001"},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, out := runToEnd(t, test.args...)
			if code != 2 || !strings.Contains(out, test.part) {
				t.Errorf("exit code %d, want 2 naming %q:\n%s", code, test.part, out)
			}
		})
	}
}

// runToEnd runs the program until it ends by itself.
func runToEnd(t *testing.T, args ...string) (int, string) {
	t.Helper()
	p, err := proc.Start(nil, program, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	code, err := p.Wait(30 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return code, p.Output()
}
