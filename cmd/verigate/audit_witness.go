package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/verigate/verigate/audit"
	"github.com/verigate/verigate/audit/witness"
)

type auditWitnessCmd struct {
	Dir    string   `arg:"" help:"Folder for the witness's key and what it cosigned; made if it does not exist."`
	Log    []string `help:"LOG file of a log to witness (the gateway offers it at /audit/LOG); may be repeated." required:"" placeholder:"FILE"`
	Listen string   `help:"Address to take checkpoints at." default:"127.0.0.1:7380"`
	Name   string   `help:"The witness's name, in every cosignature; used when its key is made." default:"witness"`
}

// Help shows examples below the flags.
func (*auditWitnessCmd) Help() string {
	return `Runs a witness (C2SP tlog-witness), best on a machine that the gateway's operators cannot reach. It prints its public key,
which goes into the gateway's audit.witnesses behind its address. What it cosigned lies in DIR and is handed out over
HTTP; it is what "audit verify --checkpoint" takes. It learns nothing of what the log holds.

  curl -s http://127.0.0.1:9090/audit/LOG > LOG
  verigate audit witness /var/lib/witness --log LOG --name ministry --listen 10.0.0.7:7380`
}

// Run serves until ctx ends.
func (c *auditWitnessCmd) Run(ctx context.Context) error {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return usage(fmt.Errorf("making %s: %w", c.Dir, err))
	}
	signer, err := witness.LoadSigner(filepath.Join(c.Dir, "witness.key"), c.Name, time.Now)
	if err != nil {
		return usage(err)
	}
	logs := map[string]note.Verifier{}
	for _, path := range c.Log {
		text, err := os.ReadFile(path)
		if err != nil {
			return usage(fmt.Errorf("reading --log: %w", err))
		}
		origin, v, err := audit.Origin(text)
		if err != nil {
			return usage(fmt.Errorf("reading --log %s: %w", path, err))
		}
		logs[origin] = v
	}
	w, err := witness.New(c.Dir, signer, logs, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		return usage(err)
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return usage(fmt.Errorf("listening on --listen %s: %w", c.Listen, err))
	}
	for origin := range logs {
		fmt.Printf("log      %s   http://%s/%s\n", origin, ln.Addr(), witness.File(origin))
	}
	fmt.Printf("witness  http://%s %s\n", ln.Addr(), signer.String())
	server := &http.Server{Handler: w, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute}
	context.AfterFunc(ctx, func() {
		last, cancel := context.WithTimeout(context.Background(), stopWithin)
		defer cancel()
		_ = server.Shutdown(last)
	})
	if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving --listen %s: %w", c.Listen, err)
	}
	return nil
}
