package clients

import (
	"context"
	"errors"
)

// OpenByHand is Open for a directory whose rounds only [Directory.Reconcile] does, and which looks for no changes.
func OpenByHand(cfg Config, deps Deps) (*Directory, error) {
	d, err := newDirectory(&cfg, deps)
	if err != nil {
		return nil, err
	}
	_, d.stop = context.WithCancel(context.Background())
	if err := d.first(context.Background()); err != nil {
		return nil, err
	}
	d.share = d.newShare(&cfg)
	return d, nil
}

// Reconcile does one round at once.
func (d *Directory) Reconcile(ctx context.Context) error {
	d.share.round(ctx, true)
	if s := d.share.status(); s.Error != "" {
		return errors.New(s.Error)
	}
	return nil
}

// The decoders, for fuzzing.

func DecodeTally(s *Secrets, raw []byte) error    { _, err := decodeTally(s, raw); return err }
func DecodeTallies(s *Secrets, raw []byte) error  { _, err := decodeTallies(s, raw); return err }
func DecodeFamiliar(s *Secrets, raw []byte) error { _, err := decodeFamiliar(s, raw); return err }
func OpenEnvelope(s *Secrets, raw []byte) error   { _, err := openEnvelope(s, raw); return err }
func Sign(s *Secrets, body []byte) []byte         { return s.sign(body) }
