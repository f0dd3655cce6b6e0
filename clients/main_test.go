package clients_test

import (
	"testing"

	"go.uber.org/goleak"
)

// A closed client's attempt to reach a dead Redis sleeps for a second before it notices.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}
