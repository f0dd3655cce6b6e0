package audit

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"

	"github.com/verigate/verigate/config"
)

// Probe implements config.Prober: it reads keys and folder as [Open] would and repairs nothing. A folder that a gateway
// is writing to is vouched for by that gateway.
func (c *Config) Probe() error {
	var faults []error
	if c.Withhold != "" {
		err := config.Load(c.Withhold, nil, new(Withholding)) // read at every question, not at a start
		faults = append(faults, config.Worry(config.Fault("withhold", c.Withhold, "correct the rules (docs/audit.md)", err)))
	}
	if c.Dir == "" || c.Keys == "" {
		return errors.Join(faults...)
	}
	signer, err := probeKeys(c.Keys)
	if signer == nil && err == nil {
		faults = append(faults, config.ProbeFolder("keys", c.Keys)) // a start would make them
	}
	return errors.Join(append(faults,
		config.Fault("keys", c.Keys, "restore the folder from its backup (docs/backup.md)", err), config.ProbeFolder("dir", c.Dir),
		config.Fault("dir", c.Dir, "name the log's own folders in dir and keys, or restore them (docs/backup.md)", c.probeFolder(signer, err == nil)),
	)...)
}

// probeKeys reads what is in the key folder; the signer is nil when a start would make it.
func probeKeys(dir string) (*signer, error) {
	if _, err := LoadEpochs(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	s, err := loadSigner(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // as said
	}
	return s, err
}

// probeFolder reads the log itself; known tells whether s, which may be nil, is what the key folder has.
func (c *Config) probeFolder(s *signer, known bool) error {
	text, err := os.ReadFile(filepath.Join(c.Dir, metaFile))
	if errors.Is(err, fs.ErrNotExist) {
		return strangers(c.Dir)
	}
	if err != nil {
		return err
	}
	m, err := parseMeta(text)
	if err != nil || !known {
		return err
	}
	if s == nil {
		return errSignerGone
	}
	own, err := note.NewVerifier(s.public)
	if err != nil {
		return err
	}
	if own.Name() != m.verifier.Name() || own.KeyHash() != m.verifier.KeyHash() {
		return errOtherSigner
	}
	if beingWritten(filepath.Join(c.Dir, lockFile)) {
		return nil
	}
	f, err := readFolder(c.Dir, m)
	if err != nil {
		return err
	}
	f.close()
	return nil
}

var (
	errSignerGone  = errors.New("the log is there, and the key that it is signed with is not in keys")
	errOtherSigner = errors.New("the signing key in keys is not the one this log was begun with")
)
