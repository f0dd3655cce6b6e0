package budget

import (
	"sync/atomic"

	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/verify"
)

// counters are what the budgets publish. Maps are filled at the start and only read afterwards.
type counters struct {
	charged        [miss + 1]*metric.Counter
	slowed, denied *metric.Counter
	canaries       *metric.Counter
	events         map[string]*metric.Counter
	lost, unsaved  *metric.Counter
	posts, rounds  map[string]*metric.Counter
	levels         [len(levelNames)]atomic.Int64
}

var evidenceNames = [...]string{"nothing", "proven", "near", "stranger", "elsewhere", "miss"}

func (c *counters) refused(r verify.Refusal) {
	if r == verify.RefusalHarvestSlow {
		c.slowed.Inc()
		return
	}
	c.denied.Inc()
}

func (b *Budget) register(set *metric.Set) {
	c := &b.m
	for e, name := range evidenceNames {
		c.charged[e] = set.Counter("verigate_budget_charged_total", "Answers by what the question showed of the asker's knowledge.", "evidence", name)
	}
	const refused = "Questions that a harvest budget did not let through."
	c.slowed = set.Counter("verigate_budget_refused_total", refused, "answer", "slow")
	c.denied = set.Counter("verigate_budget_refused_total", refused, "answer", "refused")
	c.canaries = set.Counter("verigate_budget_canaries_total", "Questions about people whom nobody has reason to ask for.")
	c.events = map[string]*metric.Counter{}
	for _, kind := range eventKinds {
		c.events[kind] = set.Counter("verigate_budget_events_total", "Escalations by kind.", "event", kind)
	}
	c.lost = set.Counter("verigate_budget_events_lost_total", "Escalations that are missing in the audit log, because the queue was full or the log refused.")
	c.unsaved = set.Counter("verigate_budget_unsaved_total", "Failures to write the state file.")
	c.posts, c.rounds = map[string]*metric.Counter{}, map[string]*metric.Counter{}
	for _, result := range [...]string{"delivered", "failed", "dropped", "given_up"} {
		c.posts[result] = set.Counter("verigate_budget_webhook_total", "Posts to the webhook: delivered, attempts failed, dropped from a full queue, given up.", "result", result)
	}
	for _, result := range [...]string{"done", "failed"} {
		c.rounds[result] = set.Counter("verigate_budget_rounds_total", "Exchanges of counts through Redis.", "result", result)
	}
	for l, name := range levelNames {
		set.Gauge("verigate_budget_accounts", "Callers, shared facilities and staff members by level.", func() float64 { return float64(c.levels[l].Load()) }, "level", name)
	}
	set.Gauge("verigate_budget_enabled", "1 while callers are held to harvest budgets.", func() float64 {
		if b.cfg.Enabled {
			return 1
		}
		return 0
	})
	set.Gauge("verigate_budget_canary_list", "People on the canary list in force.", func() float64 { return float64(b.canary.list.Load().people) })
	set.Gauge("verigate_budget_canary_list_refused", "1 while the canary file is newer than the list in force because it was refused.", func() float64 {
		if b.canary.refused.Load() != nil {
			return 1
		}
		return 0
	})
	set.Gauge("verigate_budget_webhook_pending", "Escalations waiting to be delivered.", func() float64 { return float64(b.hook.pending()) })
}
