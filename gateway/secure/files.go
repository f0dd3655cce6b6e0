package secure

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/internal/watched"
)

// Deps are what the files work with; both may be nil.
type Deps struct {
	Log     *slog.Logger
	Metrics *metric.Set
	// Changed is called after every change, and after every refused one; it may be nil.
	Changed func(error)
}

// Files are the files of an HTTPS listener, kept current. They are safe for concurrent use; [Files.Close] stops the
// watching.
type Files struct {
	cfg   Config
	deps  Deps
	now   atomic.Pointer[material]
	epoch atomic.Uint64
	fault atomic.Pointer[string] // why the files as they are now were refused
	stop  context.CancelFunc
	done  chan struct{}

	reloads, refused, turnedAway *metric.Counter
}

// Open reads the files and begins to watch them. Its error names the setting, the file and the reason.
func Open(cfg Config, deps Deps) (*Files, error) {
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	if deps.Changed == nil {
		deps.Changed = func(error) {}
	}
	f := &Files{cfg: cfg, deps: deps, done: make(chan struct{})}
	changes := watched.Together(cfg.CertFile, string(cfg.KeyFile), cfg.ClientCAFile, cfg.ClientCRLFile)
	m, err := read(&cfg)
	if err != nil {
		return nil, fmt.Errorf("reading the files of https: %w", err)
	}
	f.put(m)
	f.register(deps.Metrics)
	var ctx context.Context
	ctx, f.stop = context.WithCancel(context.Background())
	go func() {
		defer close(f.done)
		changes.Run(ctx, cfg.Poll.Std(), f.reload)
	}()
	return f, nil
}

// Close stops watching; what is in force stays so.
func (f *Files) Close() {
	f.stop()
	<-f.done
}

func (f *Files) reload() {
	m, err := read(&f.cfg)
	if err == nil {
		err = m.follows(f.now.Load())
	}
	if err != nil {
		why := err.Error()
		f.fault.Store(&why)
		f.refused.Inc()
		f.deps.Log.Error("files of https refused, the previous ones stay in force", "reason", err)
	} else {
		f.put(m)
		f.fault.Store(nil)
		f.reloads.Inc()
		f.deps.Log.Info("files of https loaded", "until", m.pair.Leaf.NotAfter, "authorities", len(m.cas), "revoked", len(m.revoked))
	}
	f.deps.Changed(err)
}

// put makes m what new connections see. Its settings are its own, and with them the keys of its session tickets: a
// session that began under other authorities is not resumed.
func (f *Files) put(m *material) {
	m.tls = &tls.Config{Certificates: []tls.Certificate{m.pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	if m.roots != nil {
		m.tls.ClientCAs, m.tls.ClientAuth, m.tls.VerifyConnection = m.roots, tls.VerifyClientCertIfGiven, f.verify
		if f.cfg.ClientAuth == authRequired {
			m.tls.ClientAuth = tls.RequireAndVerifyClientCert
		}
	}
	f.now.Store(m)
	f.epoch.Add(1)
}

// verify ends a handshake, a resumed one too, whose client certificate was revoked.
func (f *Files) verify(s tls.ConnectionState) error {
	if len(s.PeerCertificates) == 0 {
		return nil
	}
	if err := f.now.Load().unrevoked(s.VerifiedChains); err != nil {
		f.turnedAway.Inc()
		return err
	}
	return nil
}

// TLS returns the settings for a new connection: TLS 1.2 or newer, HTTP/1.1. They must not be changed.
func (f *Files) TLS() *tls.Config { return f.now.Load().tls }

// Epoch is another number after every change.
func (f *Files) Epoch() uint64 { return f.epoch.Load() }

// Recheck tells whether a client certificate, the first of a chain, would be let in now.
func (f *Files) Recheck(chain []*x509.Certificate) error {
	err := f.now.Load().recheck(chain)
	if err != nil {
		f.turnedAway.Inc()
	}
	return err
}

func (m *material) recheck(chain []*x509.Certificate) error {
	if m.roots == nil || len(chain) == 0 {
		return errors.New("checking a client certificate: no authorities")
	}
	between := x509.NewCertPool()
	for _, cert := range chain[1:] {
		between.AddCert(cert)
	}
	chains, err := chain[0].Verify(x509.VerifyOptions{Roots: m.roots, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil {
		return fmt.Errorf("checking a client certificate: %w", err)
	}
	return m.unrevoked(chains)
}

// warnBefore is how long before its end a certificate is worth a warning.
const warnBefore = 14 * 24 * time.Hour

// Healthy tells what an operator has to see to: refused files, a certificate that ends within 14 days, revocation lists
// that were not renewed.
func (f *Files) Healthy() error {
	faults := f.now.Load().worries(time.Now())
	if why := f.fault.Load(); why != nil {
		faults = append([]error{errors.New("changed files refused: " + *why)}, faults...)
	}
	return errors.Join(faults...)
}

// Worries reads the files and tells what no start would stumble over and somebody should see to all the same.
func Worries(c *Config) []error {
	m, err := read(c)
	if err != nil {
		return nil
	}
	return m.worries(time.Now())
}

func (m *material) worries(now time.Time) (faults []error) {
	if left := m.pair.Leaf.NotAfter.Sub(now); left <= 0 {
		faults = append(faults, fmt.Errorf("the certificate expired on %s", m.pair.Leaf.NotAfter.Format(time.DateOnly)))
	} else if left < warnBefore {
		faults = append(faults, fmt.Errorf("the certificate expires in %d days, on %s", int(left.Hours()/24), m.pair.Leaf.NotAfter.Format(time.DateOnly)))
	}
	if late := m.overdue(now); late > 0 {
		faults = append(faults, fmt.Errorf("a revocation list should have been renewed %s ago", late.Round(time.Minute)))
	}
	return faults
}

// Status is what /status tells of the files.
type Status struct {
	Expires     time.Time `json:"expires"`
	Subject     string    `json:"subject"`
	ClientAuth  string    `json:"client_auth"` // off, optional or required
	Authorities int       `json:"authorities"`
	Lists       int       `json:"revocation_lists"`
	Revoked     int       `json:"revoked"`
	Error       *string   `json:"error,omitempty"` // why the files as they are now were refused
}

// Status tells what is in force and whether newer files were refused.
func (f *Files) Status() Status {
	m := f.now.Load()
	s := Status{Expires: m.pair.Leaf.NotAfter, Subject: m.pair.Leaf.Subject.String(), ClientAuth: "off", Authorities: len(m.cas),
		Lists: len(m.lists), Revoked: len(m.revoked), Error: f.fault.Load()}
	if m.roots != nil {
		s.ClientAuth = f.cfg.ClientAuth
	}
	return s
}

func (f *Files) register(set *metric.Set) {
	reload := func(result string) *metric.Counter {
		return set.Counter("verigate_tls_reloads_total", "Changed files of https by what became of them.", "result", result)
	}
	f.reloads, f.refused = reload("loaded"), reload("refused")
	f.turnedAway = set.Counter("verigate_tls_clients_refused_total", "Client certificates turned away because they, or their authorities, are good no more.")
	set.Gauge("verigate_tls_files_refused", "1 while the files of https are newer than what is in force because they were refused.", func() float64 {
		if f.fault.Load() != nil {
			return 1
		}
		return 0
	})
	set.Gauge("verigate_tls_certificate_left_seconds", "How long the certificate of https is still good for.", func() float64 {
		return time.Until(f.now.Load().pair.Leaf.NotAfter).Seconds()
	})
	set.Gauge("verigate_tls_revocations_overdue_seconds", "How long ago a revocation list should have been renewed; 0 when none should have.", func() float64 {
		return f.now.Load().overdue(time.Now()).Seconds()
	})
}
