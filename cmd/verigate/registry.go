package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/registry"
)

type registryCmd struct {
	Serve  registryServeCmd `cmd:"" default:"withargs" help:"Serve the reference registry (the default)."`
	Sample sampleCmd        `cmd:"" help:"Print synthetic claims with the outcome each must get."`
	Corpus corpusCmd        `cmd:"" help:"Print labelled pairs of names to measure name matching by."`
}

// registryServeCmd runs the reference registry alone.
type registryServeCmd struct {
	nationFlags
	Listen    string            `default:"127.0.0.1:8081" help:"Address to listen on." placeholder:"ADDR"`
	Data      string            `help:"Folder that keeps what the lab changed; without it changes end with the process." placeholder:"DIR"`
	Lab       bool              `help:"Answer /lab/*, where anybody who reaches the address may change people and switch faults on."`
	TokenFile config.SecretFile `name:"token-file" help:"File with the bearer token that callers must send." placeholder:"FILE"`
	TLSCert   string            `name:"tls-cert" help:"Certificate (PEM) to serve HTTPS with." placeholder:"FILE"`
	TLSKey    string            `name:"tls-key" help:"Its key (PEM)." placeholder:"FILE"`
	ClientCA  string            `name:"client-ca" help:"Authorities (PEM) that must have signed a caller's certificate." placeholder:"FILE"`
}

// Help shows examples below the flags.
func (registryServeCmd) Help() string {
	return `Stands in for the national database: a synthetic nation, computed and not stored, behind the record API of
docs/registry-api.md. Every person in it is made up.

  verigate registry --people 98700000
  verigate registry --lab --data ./data/registry`
}

// stopWithin is how long requests may take to finish once the process is told to stop.
const stopWithin = 15 * time.Second

// Run serves until ctx ends.
func (c *registryServeCmd) Run(ctx context.Context) error {
	r, ln, err := c.start(ctx)
	if err != nil {
		return err
	}
	scheme := "http"
	if c.TLSCert != "" {
		scheme = "https"
	}
	fmt.Printf("registry %s\nlistening on %s://%s\n", r.ID(), scheme, ln.Addr())
	return serveUntil(ctx, r, ln)
}

// start listens and makes the registry; whatever is wrong is the operator's to change.
func (c *registryServeCmd) start(ctx context.Context) (*registry.Registry, net.Listener, error) {
	conf, err := c.config()
	if err != nil {
		return nil, nil, usage(err)
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return nil, nil, usage(fmt.Errorf("listening on --listen %s: %w", c.Listen, err))
	}
	r, err := registry.New(conf, registry.Deps{Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		return nil, nil, usage(errors.Join(err, ln.Close()))
	}
	return r, ln, nil
}

func (c *registryServeCmd) config() (registry.Config, error) {
	conf := registry.Config{People: c.People, Seed: c.Seed, Data: c.Data, Lab: c.Lab}
	var err error
	if conf.Today, err = c.today(); err != nil {
		return conf, err
	}
	if c.TokenFile != "" {
		token, err := c.TokenFile.Read()
		if err != nil {
			return conf, fmt.Errorf("--token-file: %w", err)
		}
		conf.Token = string(token)
	}
	if conf.TLS, err = registry.LoadTLS(c.TLSCert, c.TLSKey, c.ClientCA); err != nil {
		return conf, fmt.Errorf("--tls-cert, --tls-key, --client-ca: %w", err)
	}
	return conf, nil
}

// serveUntil serves until ctx ends and then lets what runs finish.
func serveUntil(ctx context.Context, r *registry.Registry, ln net.Listener) error {
	served := make(chan error, 1)
	go func() { served <- r.Serve(ln) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	if err := r.Shutdown(stop); err != nil {
		return fmt.Errorf("stopping the registry: %w", err)
	}
	return <-served
}
