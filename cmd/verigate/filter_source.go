package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/verigate/verigate/cache/prefilter"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
)

// filterSource says where the exports come from.
type filterSource struct {
	Registry  string            `help:"Base URL of the registry's record API." placeholder:"URL" xor:"source" required:""`
	From      string            `help:"Folder with exports stored as id.keys, code.keys and card.keys, instead of a registry." placeholder:"DIR" xor:"source" required:""`
	TokenFile config.SecretFile `help:"File with the registry's bearer token." placeholder:"FILE"`
	CAFile    string            `name:"ca-file" help:"PEM file with the authorities that sign the registry's certificate." placeholder:"FILE"`
	CertFile  string            `help:"PEM file with our client certificate." placeholder:"FILE"`
	KeyFile   string            `help:"PEM file with its key." placeholder:"FILE"`
}

func (c *filterSource) open() (prefilter.Source, error) {
	if c.From != "" {
		return dirSource(c.From), nil
	}
	if err := baseURL("--registry", c.Registry); err != nil {
		return nil, err
	}
	src := &prefilter.HTTPSource{URL: c.Registry}
	if c.TokenFile.Set() {
		token, err := c.TokenFile.Read()
		if err != nil {
			return nil, fmt.Errorf("--token-file: %w", err)
		}
		src.Token = string(token)
	}
	t, err := c.tls()
	if err != nil {
		return nil, err
	}
	src.Client = &http.Client{Transport: &http.Transport{TLSClientConfig: t, ResponseHeaderTimeout: time.Minute, ReadBufferSize: 1 << 20}}
	return src, nil
}

func (c *filterSource) tls() (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("--ca-file: %w", err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--ca-file %s: it holds no PEM certificate", c.CAFile)
		}
	}
	if c.CertFile != "" || c.KeyFile != "" {
		pair, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("--cert-file and --key-file: %w", err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

// dirSource reads exports that were stored as they came.
type dirSource string

// Export implements prefilter.Source. A file is read once, from its beginning: what is damaged in it stays damaged.
func (d dirSource) Export(_ context.Context, kind identity.Kind, _ string, after uint64) (io.ReadCloser, error) {
	path := filepath.Join(string(d), kind.String()+".keys")
	if after > 0 {
		return nil, &prefilter.Permanent{Err: fmt.Errorf("%s is damaged or incomplete after block %d", path, after)}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, &prefilter.Permanent{Err: err}
	}
	return f, nil
}
