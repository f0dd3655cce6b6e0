package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/config"
)

type clientsPublicKeyCmd struct {
	Add    clientsPublicKeyAddCmd    `cmd:"" help:"Register the public key that a caller signs its requests for access tokens with."`
	Revoke clientsPublicKeyRevokeCmd `cmd:"" help:"End a public key, and the tokens got with it, at once."`
}

type clientsPublicKeyAddCmd struct {
	ID    string          `arg:"" help:"The caller."`
	JWKS  string          `help:"File with a JWK set, or one JWK." placeholder:"FILE" xor:"form" required:""`
	PEM   string          `name:"pem" help:"PEM file with the public key, or a certificate of it." placeholder:"FILE" xor:"form" required:""`
	Name  string          `name:"key-id" help:"What the caller's assertions name it by (kid); default the one in the JWK, or one made from the key." placeholder:"ID"`
	Valid config.Duration `help:"How long it is good for; default without end." placeholder:"365d"`
}

// Run registers public keys.
func (c *clientsPublicKeyAddCmd) Run(ctx context.Context, parent *clientsCmd) error {
	text, err := os.ReadFile(c.JWKS + c.PEM) // one of them is empty
	if err != nil {
		return usage(fmt.Errorf("reading the public key: %w", err))
	}
	keys, err := clients.ReadPublicKeys(text)
	if err != nil {
		return usage(err)
	}
	if c.Name != "" {
		if len(keys) > 1 {
			return usage(fmt.Errorf("--key-id %s: the file has %d keys", c.Name, len(keys)))
		}
		keys[0].ID = c.Name
	}
	var added []string
	err = parent.change(ctx, c.ID, func(e *clients.Entry, _ *clients.Secrets) error {
		added = nil
		for _, k := range keys {
			id, err := e.AddPublicKey(time.Now(), k, c.Valid.Std())
			if err != nil {
				return err
			}
			added = append(added, id)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if parent.Format == "json" {
		return printJSON(os.Stdout, map[string]any{"caller": c.ID, "public_keys": added})
	}
	fmt.Printf("registered %s\n", strings.Join(added, ", "))
	return nil
}

type clientsPublicKeyRevokeCmd struct {
	ID  string `arg:"" help:"The caller."`
	Key string `arg:"" name:"key-id" help:"The key, by its id."`
}

// Run ends a public key.
func (c *clientsPublicKeyRevokeCmd) Run(ctx context.Context, parent *clientsCmd) error {
	return parent.change(ctx, c.ID, func(e *clients.Entry, _ *clients.Secrets) error {
		return e.RevokePublicKey(time.Now(), c.Key)
	})
}

type clientsCertificateCmd struct {
	Add    clientsCertificateAddCmd    `cmd:"" help:"Register a client certificate of a caller."`
	Remove clientsCertificateRemoveCmd `cmd:"" help:"Take a client certificate off a caller, at once."`
	Rules  clientsCertificateRulesCmd  `cmd:"" help:"Say what a caller's client certificates are for."`
}

// certificateRules are flags; what is not given stays.
type certificateRules struct {
	Required *bool `help:"Whether nothing of the caller's counts without one of its certificates." negatable:""`
	Alone    *bool `help:"Whether a certificate is a credential by itself." negatable:""`
}

func (r *certificateRules) apply(to *clients.MutualTLS) {
	if r.Required != nil {
		to.Required = *r.Required
	}
	if r.Alone != nil {
		to.Alone = *r.Alone
	}
}

type clientsCertificateAddCmd struct {
	ID  string `arg:"" help:"The caller."`
	PEM string `name:"pem" required:"" help:"PEM file with the certificate; its public key is what counts, so that a renewal under the same key needs nothing." placeholder:"FILE"`
	certificateRules
}

// Run registers a certificate.
func (c *clientsCertificateAddCmd) Run(ctx context.Context, parent *clientsCmd) error {
	text, err := os.ReadFile(c.PEM)
	if err != nil {
		return usage(fmt.Errorf("reading the certificate: %w", err))
	}
	var digest string
	err = parent.change(ctx, c.ID, func(e *clients.Entry, _ *clients.Secrets) (err error) {
		digest, err = e.AddCertificate(time.Now(), text)
		c.apply(&e.MutualTLS)
		return err
	})
	if err != nil {
		return err
	}
	if parent.Format == "json" {
		return printJSON(os.Stdout, map[string]string{"caller": c.ID, "sha256": digest})
	}
	fmt.Printf("registered %s\n", digest)
	return nil
}

type clientsCertificateRemoveCmd struct {
	ID     string `arg:"" help:"The caller."`
	Digest string `arg:"" name:"sha256" help:"The certificate, by its digest or the first 8 digits of it or more."`
	certificateRules
}

// Run removes a certificate.
func (c *clientsCertificateRemoveCmd) Run(ctx context.Context, parent *clientsCmd) error {
	return parent.change(ctx, c.ID, func(e *clients.Entry, _ *clients.Secrets) error {
		c.apply(&e.MutualTLS)
		return e.RemoveCertificate(c.Digest)
	})
}

type clientsCertificateRulesCmd struct {
	ID string `arg:"" help:"The caller."`
	certificateRules
}

// Run changes what certificates are for.
func (c *clientsCertificateRulesCmd) Run(ctx context.Context, parent *clientsCmd) error {
	return parent.change(ctx, c.ID, func(e *clients.Entry, _ *clients.Secrets) error {
		c.apply(&e.MutualTLS)
		return nil
	})
}

// showPublic prints an entry's public keys and certificates.
func showPublic(w *tabwriter.Writer, e *clients.Entry) {
	for i := range e.PublicKeys {
		k := &e.PublicKeys[i]
		state := keyState(clients.Key{Expires: k.Expires, Revoked: k.Revoked}, time.Now())
		fmt.Fprintf(w, "public key\t%s, registered %s%s\n", k.ID, k.Created.Format(time.DateOnly), state)
	}
	for _, c := range e.MutualTLS.Certificates {
		fmt.Fprintf(w, "certificate\t%.16s…, %s, registered %s\n", c.SHA256, dashed(c.Subject), c.Created.Format(time.DateOnly))
	}
	if m := e.MutualTLS; m.Required || m.Alone {
		fmt.Fprintf(w, "mutual TLS\t%s\n", strings.TrimPrefix(map[bool]string{true: ", required"}[m.Required]+map[bool]string{true: ", a credential by itself"}[m.Alone], ", "))
	}
}

// otherCredentials counts public keys and certificates for a listing.
func otherCredentials(e *clients.Entry) string {
	if len(e.PublicKeys)+len(e.MutualTLS.Certificates) == 0 {
		return "-"
	}
	return fmt.Sprintf("%d/%d", len(e.PublicKeys), len(e.MutualTLS.Certificates))
}
