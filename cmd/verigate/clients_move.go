package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/internal/replace"
)

type clientsPushCmd struct {
	From    string `arg:"" help:"The directory file to bring into Redis." placeholder:"FILE"`
	Replace bool   `help:"Put it in the place of the directory that is there, sound or not; what was changed there since is lost."`
}

// Run pushes.
func (c *clientsPushCmd) Run(ctx context.Context, parent *clientsCmd) error {
	f, err := (&clients.FileStore{Path: c.From}).Read(ctx)
	if err != nil {
		return usage(err)
	}
	store, err := parent.open()
	if err != nil {
		return err
	}
	shared, ok := store.Store.(*clients.RedisStore)
	if !ok {
		return usage(errors.New("push needs a directory in Redis: give --redis, or --config with clients.redis"))
	}
	if err := errors.Join(shared.Push(ctx, f, c.Replace), store.close()); err != nil {
		return usage(err)
	}
	fmt.Printf("%d callers of %s are in Redis now\n", len(f.Entries), c.From)
	return nil
}

type clientsPullCmd struct {
	To string `arg:"" help:"The file to write; one that exists is replaced." placeholder:"FILE"`
}

// Run pulls.
func (c *clientsPullCmd) Run(ctx context.Context, parent *clientsCmd) error {
	f, err := parent.read(ctx)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := f.Encode(&text); err != nil {
		return err
	}
	if err := replace.File(c.To, text.Bytes()); err != nil {
		return usage(err)
	}
	fmt.Fprintf(os.Stderr, "%d callers written to %s\n", len(f.Entries), c.To)
	return nil
}
