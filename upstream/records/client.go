package records

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/upstream"
	"github.com/verigate/verigate/verify"
)

// Config is where the registry is and how we prove who we are.
type Config struct {
	URL         string            `yaml:"url" required:"true" help:"Base URL of the registry's record API, for instance https://registry.example:8443."`
	TokenFile   config.SecretFile `yaml:"token_file" help:"File with the bearer token for the registry."`
	CAFile      string            `yaml:"ca_file" help:"PEM file with the authorities that sign the registry's certificate; empty: the system's."`
	CertFile    string            `yaml:"cert_file" help:"PEM file with our client certificate for mutual TLS."`
	KeyFile     config.SecretFile `yaml:"key_file" help:"PEM file with the key of cert_file."`
	Connections int               `yaml:"connections" default:"128" min:"1" help:"Most connections to the registry."`
	MaxReply    config.ByteSize   `yaml:"max_reply" default:"4MiB" help:"Longest reply accepted."`
}

// Client implements upstream.Fetcher. It is safe for concurrent use.
type Client struct {
	host  *fasthttp.HostClient
	uri   string
	token string
}

// Token returns the bearer token for the registry, empty when none is configured.
func (c *Config) Token() (string, error) {
	if c.TokenFile == "" {
		return "", nil
	}
	token, err := c.TokenFile.Read()
	if err != nil {
		return "", fmt.Errorf("reading registry.token_file: %w", err)
	}
	return string(token), nil
}

// HTTPClient returns a client with the same trust for the registry's long calls, the feed and the export. It has no
// time limit of its own.
func (c *Config) HTTPClient() (*http.Client, error) {
	t, err := clientTLS(*c)
	if err != nil {
		return nil, err
	}
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: t, MaxIdleConnsPerHost: 8, IdleConnTimeout: 30 * time.Second, TLSHandshakeTimeout: 5 * time.Second,
		DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext, DisableCompression: true,
	}}, nil
}

// New reads the secrets and makes a client; it does not connect. Errors name the setting.
func New(cfg Config) (*Client, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("reading registry.url: %q is not an http or https URL", cfg.URL)
	}
	c := &Client{uri: u.JoinPath("records").String()}
	token, err := cfg.Token()
	if err != nil {
		return nil, err
	}
	if token != "" {
		c.token = "Bearer " + token
	}
	tlsConfig, err := clientTLS(cfg)
	if err != nil {
		return nil, err
	}
	c.host = &fasthttp.HostClient{
		Addr: hostPort(u), IsTLS: u.Scheme == "https", TLSConfig: tlsConfig,
		MaxConns: cfg.Connections, MaxConnWaitTimeout: 100 * time.Millisecond, MaxIdleConnDuration: 5 * time.Second,
		MaxResponseBodySize: int(cfg.MaxReply), ReadTimeout: 10 * time.Second, WriteTimeout: 5 * time.Second,
		MaxIdemponentCallAttempts: 1, NoDefaultUserAgentHeader: true,
		DialTimeout: func(addr string, timeout time.Duration) (net.Conn, error) {
			return net.DialTimeout("tcp", addr, min(timeout, 2*time.Second))
		},
	}
	return c, nil
}

func clientTLS(cfg Config) (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	if cfg.CAFile != "" {
		pem, err := os.ReadFile(cfg.CAFile)
		if err != nil {
			return nil, fmt.Errorf("reading registry.ca_file: %w", err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("reading registry.ca_file: %s holds no PEM certificate", cfg.CAFile)
		}
	}
	if (cfg.CertFile == "") != (cfg.KeyFile == "") {
		return nil, errors.New("reading registry.cert_file and registry.key_file: give both or neither")
	}
	if cfg.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(cfg.CertFile, string(cfg.KeyFile))
		if err != nil {
			return nil, fmt.Errorf("reading registry.cert_file and registry.key_file: %w", err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
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

// Close closes idle connections.
func (c *Client) Close() { c.host.CloseIdleConnections() }

// Fetch implements upstream.Fetcher.
func (c *Client) Fetch(ctx context.Context, l *verify.Lookup) error {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	req.SetRequestURI(c.uri)
	req.Header.SetMethod(fasthttp.MethodPost)
	req.Header.SetContentType("application/json")
	if c.token != "" {
		req.Header.Set(fasthttp.HeaderAuthorization, c.token)
	}
	req.SetBodyRaw(appendKeys(make([]byte, 0, 16+48*len(l.Keys)), l.Keys))
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(10 * time.Second)
	}
	if err := c.host.DoDeadline(req, resp, deadline); err != nil {
		return transportFailure(ctx, err)
	}
	if s := resp.StatusCode(); s != fasthttp.StatusOK {
		return fail(verify.TroubleRefused, fmt.Errorf("registry answered status %d", s))
	}
	if !digestAgrees(resp.Header.Peek("Content-Digest"), resp.Body()) {
		return fail(verify.TroubleGarbled, errors.New("reply does not agree with its Content-Digest"))
	}
	return decodeReply(resp.Body(), l.Keys, l.Held)
}

func transportFailure(ctx context.Context, err error) error {
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	case errors.Is(err, fasthttp.ErrTimeout), errors.Is(err, fasthttp.ErrDialTimeout), errors.As(err, &timeout) && timeout.Timeout():
		return fail(verify.TroubleTimeout, err)
	case errors.Is(err, fasthttp.ErrNoFreeConns):
		return fail(verify.TroubleBusy, err)
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		return fail(verify.TroubleGarbled, err)
	}
	return fail(verify.TroubleNetwork, err)
}

func fail(t verify.Trouble, err error) error { return &upstream.Failure{Trouble: t, Err: err} }

// digestAgrees checks an RFC 9530 Content-Digest of the form sha-256=:base64:. A reply without one passes: the digest
// is recommended to registries, not required.
func digestAgrees(header, body []byte) bool {
	const prefix = "sha-256=:"
	if len(header) < len(prefix)+1 || string(header[:len(prefix)]) != prefix {
		return len(header) == 0
	}
	var want [sha256.Size + 3]byte
	n, err := base64.StdEncoding.Decode(want[:], header[len(prefix):len(header)-1])
	got := sha256.Sum256(body)
	return err == nil && n == sha256.Size && subtle.ConstantTimeCompare(want[:n], got[:]) == 1
}

func appendKeys(dst []byte, keys []identity.Key) []byte {
	dst = append(dst, `{"keys":[`...)
	for i, k := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"kind":"`...)
		dst = append(dst, k.Kind().String()...)
		dst = append(dst, `","value":"`...)
		dst = k.AppendTo(dst)
		dst = append(dst, `"}`...)
	}
	return append(dst, `]}`...)
}
