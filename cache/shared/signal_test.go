package shared_test

import (
	"os"
	"testing"

	"github.com/verigate/verigate/internal/proc"
)

func signal(t testing.TB, r *proc.Redis, s os.Signal) {
	t.Helper()
	if err := r.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// restart starts a server where one was killed.
func restart(t testing.TB, addr string) {
	t.Helper()
	r, err := proc.StartRedis(addr, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Kill)
}
