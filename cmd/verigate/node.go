package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/verigate/verigate/audit"
	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/clients/budget"
	"github.com/verigate/verigate/clients/policy"
	"github.com/verigate/verigate/clients/token"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/gateway"
	"github.com/verigate/verigate/gateway/admin"
	"github.com/verigate/verigate/gateway/secure"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/clock"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/resolve"
	"github.com/verigate/verigate/telemetry"
	"github.com/verigate/verigate/upstream"
	"github.com/verigate/verigate/upstream/portal"
	"github.com/verigate/verigate/upstream/records"
	"github.com/verigate/verigate/verify"
)

// node is one running gateway. start builds the rooms in the order in which a request needs them; what was started is
// stopped in reverse.
type node struct {
	cfg     *settings
	log     *slog.Logger
	clock   verify.Clock
	metrics *metric.Set
	hasher  *verify.SubjectHasher

	telemetry *telemetry.Telemetry
	admin     *admin.Server
	callers   *clients.Directory
	policy    *policy.Store
	budget    *budget.Budget
	audit     *audit.Log
	memory    *memory
	asker     *upstream.Asker
	gateway   *gateway.Server
	plain     net.Listener   // nil: no plain HTTP
	secure    net.Listener   // nil: no HTTPS
	files     *secure.Files  // of HTTPS
	tokens    *token.Service // nil: no access tokens

	gatewayURL, secureURL, adminURL string
	stops                           []func(context.Context) error
}

// drainWithin is how long requests under way may take once the node is told to stop: longer than the longest.
const drainWithin = 20 * time.Second

// serve runs a node: it starts it, calls ready once it can answer, and stops it when ctx ends or a part fails. A fault
// of the configuration, an unreadable file or a taken address is a usage error.
func serve(ctx context.Context, cfg *settings, ready func(context.Context, *node) error) error {
	n := &node{cfg: cfg, log: cfg.Log.logger(), clock: clock.System, metrics: new(metric.Set)}
	for _, line := range config.Warnings(cfg) {
		n.log.Warn(line)
	}
	if cfg.Today != "" {
		today, _ := identity.ParseDay([]byte(cfg.Today)) // checked by Validate
		n.clock = clock.On(today)
	}
	if err := n.start(ctx); err != nil {
		return errors.Join(usage(err), n.stop())
	}
	group, ctx := errgroup.WithContext(ctx)
	n.run(ctx, group)
	group.Go(func() error { return ready(ctx, n) })
	<-ctx.Done()
	n.log.Info("stopping")
	n.admin.Drain()
	stopped := n.stop()
	if err := group.Wait(); !errors.Is(err, context.Canceled) {
		return errors.Join(err, stopped)
	}
	return stopped
}

func (n *node) onStop(f func(context.Context) error) { n.stops = append(n.stops, f) }

func (n *node) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), drainWithin)
	defer cancel()
	var faults []error
	for _, stop := range slices.Backward(n.stops) {
		faults = append(faults, stop(ctx))
	}
	n.stops = nil
	return errors.Join(faults...)
}

func (n *node) start(ctx context.Context) error {
	for _, step := range []func() error{n.startTelemetry, n.startAudit, n.startCallers, n.startBudget, n.startMemory, n.startAsker} {
		if err := step(); err != nil {
			return err
		}
	}
	if err := n.startGateway(ctx); err != nil {
		return err
	}
	return n.startAdmin()
}

func (n *node) startTelemetry() (err error) {
	v, c := buildVersion()
	n.telemetry, err = telemetry.New(n.cfg.Telemetry, telemetry.Deps{Metrics: n.metrics, Log: n.log, Version: v, Commit: c})
	if err != nil {
		return err
	}
	n.onStop(n.telemetry.Shutdown)
	return nil
}

func (n *node) startCallers() error {
	secret, err := n.cfg.Keys.Subject.Read()
	if err != nil {
		return fmt.Errorf("reading keys.subject: %w", err)
	}
	n.hasher = verify.NewSubjectHasher(secret)
	n.callers, err = clients.Open(n.cfg.Clients, clients.Deps{
		Log: n.log, Metrics: n.metrics, Clock: n.clock, Changed: n.directoryChanged,
		Coming: func(slot int) { n.budget.Coming(slot) }, // no request comes before the budgets are there
	})
	if errors.Is(err, fs.ErrNotExist) && !n.cfg.Clients.Redis.Enabled() {
		return fmt.Errorf("%w (clients.file: the first `verigate clients --config FILE add` makes it)", err)
	}
	if err != nil {
		return err
	}
	n.onStop(func(context.Context) error { n.callers.Close(); return nil })
	n.policy, err = policy.Open(n.cfg.Policy, policy.Deps{Log: n.log, Metrics: n.metrics, Changed: n.policyChanged})
	if err != nil {
		return err
	}
	n.onStop(func(context.Context) error { n.policy.Close(); return nil })
	return n.recordStart()
}

func (n *node) startAsker() error {
	c := &n.cfg.Registry
	asking := c.Asking
	var client interface {
		upstream.Fetcher
		Close()
	}
	var err error
	if c.Dialect == dialectPortal {
		asking.BatchSize = 1 // the contract has no call for several people
		client, err = portal.New(c.Endpoint, c.Portal, n.clock)
	} else {
		client, err = records.New(c.Endpoint, c.Records)
	}
	if err != nil {
		return err
	}
	n.asker = upstream.New(asking, upstream.Deps{
		Fetcher: client, Rememberer: n.memory, Clock: n.clock, Metrics: n.metrics, ClaimBound: c.Dialect == dialectPortal,
		OnBreaker: func(from, to string) { go n.log.Warn("registry breaker", "from", from, "to", to) },
	})
	n.memory.asker = n.asker
	n.onStop(func(context.Context) error { n.asker.Close(); client.Close(); return nil })
	return nil
}

func (n *node) startGateway(ctx context.Context) error {
	records := recorder(n)
	resolver := resolve.New(resolve.Deps{
		Hasher: n.hasher, Policy: n.policy, Screener: n.memory.screener(), Recaller: n.memory, Asker: n.asker, Recorder: records,
		Budget: n.budget, Metrics: n.metrics, ClaimBound: n.cfg.Registry.Dialect == dialectPortal,
	})
	if err := n.listen(ctx); err != nil {
		return err
	}
	tokens, err := n.startTokens()
	if err != nil {
		return err
	}
	n.gateway, err = gateway.New(n.cfg.Gateway, gateway.Deps{
		Resolver: resolver, Callers: n.callers, Accounts: n.callers, Tokens: tokens, Limits: n.callers, Budget: n.budget, Strangers: n.callers, Recorder: records,
		Policy: n.policy, Hasher: n.hasher, Clock: n.clock, Metrics: n.metrics, Tracer: n.telemetry.Tracer(), Log: n.log,
	})
	return err
}

func (n *node) startAdmin() error {
	n.admin = admin.New(n.cfg.Admin, admin.Deps{Metrics: n.telemetry.Handler(), Mounts: map[string]http.Handler{"/audit": n.audit},
		Operators: n.callers, Records: n.audit, Clock: n.clock, Log: n.log})
	n.describe()
	n.addLedgerAct()
	n.addMemoryActs()
	n.addBudgetActs()
	n.addClientActs()
	address, err := n.admin.Listen()
	if err != nil {
		return err
	}
	n.adminURL = "http://" + address.String()
	return nil
}

// run serves until ctx ends; a part that fails ends the others.
func (n *node) run(ctx context.Context, group *errgroup.Group) {
	group.Go(n.admin.Serve)
	n.onStop(n.admin.Shutdown)
	n.memory.run(ctx, group)
	if n.plain != nil {
		group.Go(func() error { return n.gateway.Serve(n.plain) })
	}
	if n.secure != nil {
		group.Go(func() error { return n.gateway.ServeTrusting(n.secure, n.files) })
	}
	n.onStop(n.gateway.Shutdown)
}
