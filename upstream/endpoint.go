package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/verify"
)

// Endpoint is where a registry is and how both sides prove who they are. Every dialect inlines it.
type Endpoint struct {
	URL         string            `yaml:"url" required:"true" help:"Base URL of the registry, for instance https://registry.example:8443."`
	CAFile      string            `yaml:"ca_file" help:"PEM file with the authorities that sign the registry's certificate; empty: the system's."`
	CertFile    string            `yaml:"cert_file" help:"PEM file with our client certificate for mutual TLS."`
	KeyFile     config.SecretFile `yaml:"key_file" help:"PEM file with the key of cert_file."`
	Connections int               `yaml:"connections" default:"128" min:"1" help:"Most connections to the registry."`
	MaxReply    config.ByteSize   `yaml:"max_reply" default:"4MiB" help:"Longest reply accepted."`
}

// parse returns the URL or an error that names the setting.
func (e *Endpoint) parse() (*url.URL, error) {
	u, err := url.Parse(e.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("reading registry.url: %q is not an http or https URL", e.URL)
	}
	return u, nil
}

// Probe implements config.Prober.
func (e *Endpoint) Probe() error {
	var faults []error
	if _, err := e.parse(); err != nil && e.URL != "" {
		faults = append(faults, fmt.Errorf("url %q: is not an http or https URL; correct the setting", e.URL))
	}
	_, err := config.Authorities(e.CAFile)
	faults = append(faults, config.Fault("ca_file", e.CAFile, "put the certificate of the registry's authority there, in PEM", err))
	switch {
	case (e.CertFile == "") != (e.KeyFile == ""):
		faults = append(faults, errors.New("cert_file and key_file: give both or neither"))
	case e.CertFile != "":
		_, err := tls.LoadX509KeyPair(e.CertFile, string(e.KeyFile))
		faults = append(faults, config.Fault("cert_file", e.CertFile, "it must be the certificate in PEM, and the key of key_file "+string(e.KeyFile)+" its own", err))
	}
	return errors.Join(faults...)
}

func (e *Endpoint) tls() (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	var err error
	if t.RootCAs, err = config.Authorities(e.CAFile); err != nil {
		return nil, fmt.Errorf("reading registry.ca_file %s: %w", e.CAFile, err)
	}
	if (e.CertFile == "") != (e.KeyFile == "") {
		return nil, errors.New("reading registry.cert_file and registry.key_file: give both or neither")
	}
	if e.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(e.CertFile, string(e.KeyFile))
		if err != nil {
			return nil, fmt.Errorf("reading registry.cert_file and registry.key_file: %w", err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

// maxHead is the longest head of a reply to a long call.
const maxHead = 64 << 10

// HTTPClient returns a client for the registry's long calls, the feed and the export. It has no time limit of its own,
// and goes nowhere else: a redirect is the reply.
func (e *Endpoint) HTTPClient() (*http.Client, error) {
	t, err := e.tls()
	if err != nil {
		return nil, err
	}
	return &http.Client{CheckRedirect: stay, Transport: &http.Transport{
		TLSClientConfig: t, MaxIdleConnsPerHost: 8, IdleConnTimeout: 30 * time.Second, TLSHandshakeTimeout: 5 * time.Second,
		DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext, DisableCompression: true,
		MaxResponseHeaderBytes: maxHead,
	}}, nil
}

func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Transport makes short calls to one registry. It is safe for concurrent use.
type Transport struct {
	host *fasthttp.HostClient
	base *url.URL
}

// Transport reads the endpoint's files and returns a transport; it does not connect. Errors name the setting.
func (e *Endpoint) Transport() (*Transport, error) {
	u, err := e.parse()
	if err != nil {
		return nil, err
	}
	t, err := e.tls()
	if err != nil {
		return nil, err
	}
	// Retrying is the asker's business alone; idle connections are dropped before the other side does.
	return &Transport{base: u, host: &fasthttp.HostClient{
		Addr: hostPort(u), IsTLS: u.Scheme == "https", TLSConfig: t,
		MaxConns: e.Connections, MaxConnWaitTimeout: 100 * time.Millisecond, MaxIdleConnDuration: 5 * time.Second,
		MaxResponseBodySize: int(e.MaxReply), ReadTimeout: 10 * time.Second, WriteTimeout: 5 * time.Second,
		MaxIdemponentCallAttempts: 1, NoDefaultUserAgentHeader: true,
		DialTimeout: func(addr string, timeout time.Duration) (net.Conn, error) {
			d := net.Dialer{Timeout: min(timeout, 2*time.Second)}
			return d.DialContext(context.Background(), "tcp", addr)
		},
	}}, nil
}

func hostPort(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	if u.Scheme == "https" {
		return net.JoinHostPort(u.Hostname(), "443")
	}
	return net.JoinHostPort(u.Hostname(), "80")
}

// Path returns the URL of a call below the base URL.
func (t *Transport) Path(elem ...string) string { return t.base.JoinPath(elem...).String() }

// Close closes idle connections.
func (t *Transport) Close() { t.host.CloseIdleConnections() }

// Do makes one call within ctx's deadline, ten seconds at most. Its errors are [Failure]s, but for ctx's cancellation.
func (t *Transport) Do(ctx context.Context, req *fasthttp.Request, resp *fasthttp.Response) error {
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(10 * time.Second)
	}
	err := t.host.DoDeadline(req, resp, deadline)
	var timeout interface{ Timeout() bool }
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	case errors.Is(err, fasthttp.ErrTimeout), errors.Is(err, fasthttp.ErrDialTimeout), errors.As(err, &timeout) && timeout.Timeout():
		return &Failure{Trouble: verify.TroubleTimeout, Err: err}
	case errors.Is(err, fasthttp.ErrNoFreeConns):
		return &Failure{Trouble: verify.TroubleBusy, Err: err}
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		return &Failure{Trouble: verify.TroubleGarbled, Err: err}
	}
	return &Failure{Trouble: verify.TroubleNetwork, Err: err}
}
