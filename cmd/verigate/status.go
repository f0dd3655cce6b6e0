package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/verigate/verigate/audit"
	"github.com/verigate/verigate/gateway/admin"
)

// startAudit opens the log; a first start makes the log's own keys.
func (n *node) startAudit() (err error) {
	if err := audit.EnsureKeys(n.cfg.Audit.Keys); err != nil {
		return fmt.Errorf("making audit.keys: %w", err)
	}
	n.audit, err = audit.Open(n.cfg.Audit, audit.Deps{Clock: n.clock, Log: n.log, Metrics: n.metrics})
	if err != nil {
		return err
	}
	n.onStop(func(context.Context) error { return n.audit.Close() })
	return nil
}

// describe tells the admin listener what each part is called and how it is.
func (n *node) describe() {
	m := n.memory
	n.admin.AddComponent(admin.Component{Name: "audit", Vital: true, Check: n.audit.Healthy})
	n.admin.AddComponent(admin.Component{Name: "registry", Check: func() error {
		if s := n.asker.State(); s != "closed" {
			return fmt.Errorf("breaker %s", s)
		}
		return nil
	}})
	n.describeCallers()
	v, c := buildVersion()
	started := time.Now()
	n.admin.AddSection("build", func() any {
		return map[string]any{"version": v, "commit": c, "go": runtime.Version(), "uptime_s": int(time.Since(started).Seconds())}
	})
	n.admin.AddSection("registry", func() any { return map[string]any{"breaker": n.asker.State()} })
	n.admin.AddSection("local", func() any { return m.local.Status() })
	n.admin.AddSection("audit", func() any { return n.audit.Status() })
	n.admin.AddSection("policy", func() any { return n.policy.Status() })
	n.describeCredentials()
	n.admin.AddSection("budget", func() any { return n.budget.Status() })
	if m.filter != nil {
		n.admin.AddComponent(admin.Component{Name: "filter", Check: func() error {
			if !m.filter.Status(n.clock()).Answering {
				return errors.New("no generation in use, or its watermark is too old: every unknown identifier is asked of the registry")
			}
			return nil
		}})
		n.admin.AddSection("filter", func() any { return m.filter.Status(n.clock()) })
		n.admin.AddSection("filter_keeper", func() any { return m.keeper.Status() })
	}
	if m.tail != nil {
		n.admin.AddComponent(admin.Component{Name: "feed", Check: func() error {
			if s := m.tail.Status(n.clock()); s.State != "live" {
				return fmt.Errorf("%s for %s", s.State, time.Duration(s.SinceS*float64(time.Second)).Round(time.Second))
			}
			return nil
		}})
		n.admin.AddSection("feed", func() any { return m.tail.Status(n.clock()) })
	}
	if m.shared != nil {
		n.admin.AddComponent(admin.Component{Name: "redis", Check: func() error {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			return m.shared.Ping(ctx)
		}})
		n.admin.AddSection("redis", func() any { return m.shared.Status() })
	}
}
