package records

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/valyala/fasthttp"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/upstream"
	"github.com/verigate/verigate/verify"
)

// Config is how we prove who we are, beside the endpoint's certificates.
type Config struct {
	TokenFile config.SecretFile `yaml:"token_file" help:"File with the bearer token for the registry."`
}

// Client implements upstream.Fetcher. It is safe for concurrent use.
type Client struct {
	transport *upstream.Transport
	uri       string
	token     string
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

// New reads the secrets and makes a client; it does not connect. Errors name the setting.
func New(e upstream.Endpoint, cfg Config) (*Client, error) {
	t, err := e.Transport()
	if err != nil {
		return nil, err
	}
	token, err := cfg.Token()
	if err != nil {
		return nil, err
	}
	c := &Client{transport: t, uri: t.Path("records")}
	if token != "" {
		c.token = "Bearer " + token
	}
	return c, nil
}

// Close closes idle connections.
func (c *Client) Close() { c.transport.Close() }

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
	if err := c.transport.Do(ctx, req, resp); err != nil {
		return err
	}
	if s := resp.StatusCode(); s != fasthttp.StatusOK {
		return fail(verify.TroubleRefused, fmt.Errorf("registry answered status %d", s))
	}
	if !digestAgrees(resp.Header.Peek("Content-Digest"), resp.Body()) {
		return fail(verify.TroubleGarbled, errors.New("reply does not agree with its Content-Digest"))
	}
	return decodeReply(resp.Body(), l.Keys, l.Held)
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
