package gateway_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/verigate/verigate/gateway"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// slowBudget has no room for one person's number, whoever asks, and says how often it was asked.
type slowBudget struct{ asked atomic.Int64 }

func (b *slowBudget) Ask(_ verify.Instant, _ *verify.Caller, _, _ verify.Subject, k identity.Key) verify.Verdict {
	if k.Value() == "001080000007" {
		b.asked.Add(1)
		return verify.Verdict{Refusal: verify.RefusalHarvestSlow, RetryAfter: time.Minute}
	}
	return verify.Verdict{}
}

// TestAStreamThatMustWaitHoldsNobodyUp: as many streams as may run wait for their caller's budget; another one goes on.
func TestAStreamThatMustWaitHoldsNobodyUp(t *testing.T) {
	w := newWorld()
	w.putSample(sample())
	budget := new(slowBudget)
	base := start(t, w, func(_ *gateway.Config, deps *gateway.Deps) { deps.Budget = budget })
	const many = 16
	var stuck [many]func()
	for i := range stuck {
		_, stuck[i] = openStream(t, base, strings.NewReader(`{"id":"001080000007","dob":"1980"}`+"\n"))
	}
	for budget.asked.Load() < many {
		time.Sleep(time.Millisecond)
	}
	lines, done := openStream(t, base, strings.NewReader(goodQuestion+"\n"))
	if all := readLines(t, lines); len(all) != 1 || all[0].Outcome != "match" {
		t.Errorf("beside streams that wait: %+v", all)
	}
	done()
	for _, leave := range stuck {
		leave()
	}
}
