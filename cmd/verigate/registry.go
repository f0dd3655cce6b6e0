package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry"
)

type registryCmd struct {
	Serve  registryServeCmd `cmd:"" default:"withargs" help:"Serve the reference registry (the default)."`
	Sample sampleCmd        `cmd:"" help:"Print synthetic claims with the outcome each must get."`
	Corpus corpusCmd        `cmd:"" help:"Print labelled pairs of names to measure name matching by."`
}

// registryServeCmd runs the reference registry alone.
type registryServeCmd struct {
	Listen    string `default:"127.0.0.1:8081" help:"Address to listen on." placeholder:"ADDR"`
	People    int    `default:"1000000" help:"Size of the nation, 1 to 98700000." placeholder:"N"`
	Seed      uint64 `default:"1" help:"Which nation." placeholder:"S"`
	Today     string `help:"The nation's date, YYYY-MM-DD; default: the wall clock's." placeholder:"DATE"`
	Data      string `help:"Folder that keeps what the lab changed; without it changes end with the process." placeholder:"DIR"`
	Lab       bool   `help:"Answer /lab/*, where anybody who reaches the address may change people and switch faults on."`
	TokenFile string `name:"token-file" help:"File with the bearer token that callers must send." placeholder:"FILE"`
	TLSCert   string `name:"tls-cert" help:"Certificate (PEM) to serve HTTPS with." placeholder:"FILE"`
	TLSKey    string `name:"tls-key" help:"Its key (PEM)." placeholder:"FILE"`
	ClientCA  string `name:"client-ca" help:"Authorities (PEM) that must have signed a caller's certificate." placeholder:"FILE"`
}

// stopWithin is how long requests may take to finish once the process is told to stop.
const stopWithin = 15 * time.Second

// Run serves until ctx ends.
func (c *registryServeCmd) Run(ctx context.Context) error {
	conf, err := c.config()
	if err != nil {
		return usage(err)
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return usage(fmt.Errorf("listening on %s: %w", c.Listen, err))
	}
	r, err := registry.New(conf, registry.Deps{Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		return usage(errors.Join(err, ln.Close()))
	}
	scheme := "http"
	if conf.TLS != nil {
		scheme = "https"
	}
	fmt.Printf("registry %s\nlistening on %s://%s\n", r.ID(), scheme, ln.Addr())
	return serveUntil(ctx, r, ln)
}

func (c *registryServeCmd) config() (registry.Config, error) {
	conf := registry.Config{People: c.People, Seed: c.Seed, Data: c.Data, Lab: c.Lab}
	if c.Today != "" {
		day, fault := identity.ParseDay([]byte(c.Today))
		if fault != identity.FaultNone {
			return conf, errors.New("--today: must be a date, YYYY-MM-DD")
		}
		conf.Today = day
	}
	if c.TokenFile != "" {
		text, err := os.ReadFile(c.TokenFile)
		if err != nil {
			return conf, fmt.Errorf("--token-file: %w", err)
		}
		if conf.Token = string(bytes.TrimSpace(text)); conf.Token == "" {
			return conf, fmt.Errorf("--token-file %s: it is empty", c.TokenFile)
		}
	}
	var err error
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
