package clients

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/internal/replace"
)

// Seeded is a demonstration's directory with the clear secrets of its callers.
type Seeded struct {
	File config.SecretFile `json:"-"` // never printed with its content
	Key  config.SecretFile `json:"-"`

	ClinicKey      string `json:"clinic_key"`
	AgencyKey      string `json:"agency_key"`
	LaboratoryKey  string `json:"laboratory_key"`
	OperatorKey    string `json:"operator_key"`
	PortalUsername string `json:"portal_username"`
	PortalPassword string `json:"portal_password"`
	OfficerID      string `json:"officer_id"`
	OfficerName    string `json:"officer_name"`
}

// The demonstration's callers. The facility code and the officer are invented; no number ends in six zeros.
const (
	demoFacility    = "01000"
	demoOfficerID   = "001180000000"
	demoOfficerName = "Trần Thị Cán Bộ"
)

// demoLimits leave a hand tool or a small script alone; the laboratory keeps the real ones so that limits can be seen.
// How many people are asked about is no matter either, because none of them exists; what a harvest looks like is, but
// somebody who tries out what a wrong name does is none yet.
var demoLimits = Limits{Rate: 5000, Burst: 10_000, Concurrency: 2048, Daily: 500_000_000, People: 500_000_000, Unproven: 24}

// Seed makes a demonstration's directory under dir (clients.ndjson, keys/clients.key, and keys/demo-secrets.json with
// the clear secrets, mode 0600) and returns it. A folder that was seeded before gives the same secrets again. Secrets
// are random per folder.
func Seed(dir string) (*Seeded, error) {
	s := &Seeded{
		File: config.SecretFile(filepath.Join(dir, "clients.ndjson")),
		Key:  config.SecretFile(filepath.Join(dir, "keys", "clients.key")),
	}
	if err := os.MkdirAll(filepath.Join(dir, "keys"), 0o700); err != nil {
		return nil, fmt.Errorf("seeding callers: %w", err)
	}
	if err := s.seed(filepath.Join(dir, "keys", "demo-secrets.json")); err != nil {
		return nil, fmt.Errorf("seeding callers: %w", err)
	}
	return s, nil
}

func (s *Seeded) seed(secretsFile string) error {
	known, err := s.recall(secretsFile)
	if err != nil || known {
		return err
	}
	secrets, err := s.secrets()
	if err != nil {
		return err
	}
	store := &FileStore{Path: string(s.File), Secrets: secrets}
	if err := store.Update(context.Background(), func(f *File) error { return s.fill(f, secrets) }); err != nil {
		return err
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return replace.File(secretsFile, append(text, '\n'))
}

// recall reads the secrets of an earlier start; both files must be there, or the folder is seeded anew.
func (s *Seeded) recall(secretsFile string) (bool, error) {
	text, err := os.ReadFile(secretsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if _, err := os.Stat(string(s.File)); err != nil {
		return false, nil //nolint:nilerr // the directory is gone, so its secrets are worth nothing
	}
	if err := json.Unmarshal(text, s); err != nil {
		return false, fmt.Errorf("reading %s: %w", secretsFile, err)
	}
	return true, nil
}

func (s *Seeded) secrets() (*Secrets, error) {
	if _, err := os.Stat(string(s.Key)); errors.Is(err, fs.ErrNotExist) {
		if err := replace.File(string(s.Key), append(appendRandom(nil, base62, 43), '\n')); err != nil {
			return nil, err
		}
	}
	key, err := s.Key.Read()
	if err != nil {
		return nil, err
	}
	return NewSecrets(key)
}

func (s *Seeded) fill(f *File, secrets *Secrets) error {
	now := time.Now()
	keys := map[string]*string{"clinic": &s.ClinicKey, "agency": &s.AgencyKey, "laboratory": &s.LaboratoryKey, "operator": &s.OperatorKey}
	f.Entries = nil
	for _, kind := range []string{"clinic", "agency", "laboratory", "operator"} {
		e, err := NewEntry("demo-"+kind, kind)
		if err != nil {
			return err
		}
		e.Name, e.Contact = "Demonstration "+kind, "support@example.invalid"
		if kind == "clinic" || kind == "agency" {
			e.Limits = demoLimits
		}
		*keys[kind] = e.AddKey(now, 0).Key
		if kind == "clinic" {
			if err := s.fillPortal(e, secrets); err != nil {
				return err
			}
		}
		if err := f.Add(e); err != nil {
			return err
		}
	}
	return nil
}

func (s *Seeded) fillPortal(e *Entry, secrets *Secrets) error {
	e.Facility = demoFacility
	issued, err := e.SetPassword(secrets, demoFacility+"_BV", "")
	if err != nil {
		return err
	}
	s.PortalUsername, s.PortalPassword = issued.Username, issued.Password
	s.OfficerID, s.OfficerName = demoOfficerID, strings.TrimSpace(demoOfficerName)
	return e.AddOfficer(secrets, s.OfficerID, s.OfficerName)
}
