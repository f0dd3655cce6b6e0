package main

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/verigate/verigate/clients/budget"
	"github.com/verigate/verigate/gateway/admin"
	"github.com/verigate/verigate/internal/redisconn"
	"github.com/verigate/verigate/verify"
)

// budgetConnections are enough for one exchange at a time.
const budgetConnections = 2

// startBudget makes the harvest budgets; they share Redis's settings with the record cache.
func (n *node) startBudget() error {
	c := &n.cfg.Cache.Redis
	deps := budget.Deps{
		Clock: n.clock, Hasher: n.hasher, Prefix: c.Prefix, Record: n.escalated, Metrics: n.metrics, Log: n.log,
		ClaimBound: n.cfg.Registry.Dialect == dialectPortal,
	}
	if c.Enabled() {
		client, err := c.Client(redisconn.Limits{Timeout: c.WriteTimeout.Std(), DialTimeout: c.DialTimeout.Std(), Connections: budgetConnections})
		if err != nil {
			return err
		}
		n.onStop(func(context.Context) error { return client.Close() })
		deps.Redis = client
	}
	var err error
	if n.budget, err = budget.New(n.cfg.Budget, deps); err != nil {
		return err
	}
	n.onStop(func(context.Context) error { return n.budget.Close() })
	if !n.cfg.Budget.Enabled {
		n.log.Error("HARVEST BUDGETS ARE OFF: whoever holds a good credential may read the whole register (budget.enabled)")
	}
	return nil
}

// escalated writes an escalation into the audit log.
func (n *node) escalated(e budget.Event) error {
	detail := []string{"id", e.ID, "account", e.Account, "caller", e.Caller, "reason", e.Reason, "node", e.Node}
	if e.By != "" {
		detail = append(detail, "by", e.By)
	}
	if e.Canaries > 0 {
		detail = []string{"id", e.ID, "canaries", strconv.Itoa(e.Canaries), "reason", e.Reason, "node", e.Node}
	}
	if e.Canary > 0 {
		detail = append(detail, "canary", strconv.Itoa(e.Canary))
	}
	for name, have := range e.Counts {
		if have > 0 {
			detail = append(detail, name, strconv.FormatInt(have, 10)+" of "+strconv.FormatInt(e.Limits[name], 10))
		}
	}
	return n.audit.Event(e.Kind, "gateway", detail...)
}

// addBudgetActs lets operators see and lift what the budgets decided. The account is a caller's id, "facility:01000" or
// "staff:" and the keyed hash that the audit log shows.
func (n *node) addBudgetActs() {
	b := n.budget
	n.admin.AddAct(admin.Act{Pattern: "GET /budget", Name: "budget_list", Do: func(w http.ResponseWriter, _ *http.Request, _ *verify.Caller) {
		admin.Answer(w, http.StatusOK, map[string]any{"stopped": b.Stopped()})
	}})
	n.admin.AddAct(admin.Act{Pattern: "GET /budget/{caller}", Name: "budget_show", Target: "caller", Do: func(w http.ResponseWriter, r *http.Request, _ *verify.Caller) {
		n.showBudget(w, r.PathValue("caller"))
	}})
	n.admin.AddAct(admin.Act{Pattern: "POST /budget/{caller}/lift", Name: "budget_lift", Target: "caller", Do: func(w http.ResponseWriter, r *http.Request, by *verify.Caller) {
		name := r.PathValue("caller")
		if err := b.Lift(name, by.ID); err != nil {
			admin.Fail(w, &admin.Fault{Status: http.StatusNotFound, Code: "account_unknown", Err: err})
			return
		}
		n.showBudget(w, name)
	}})
}

func (n *node) showBudget(w http.ResponseWriter, name string) {
	report, ok := n.budget.Report(name)
	if !ok {
		admin.Fail(w, &admin.Fault{Status: http.StatusNotFound, Code: "account_unknown",
			Err: errors.New("showing " + budget.Key(name) + ": nobody of that name has asked since the start, and it is not suspended")})
		return
	}
	admin.Answer(w, http.StatusOK, report)
}
