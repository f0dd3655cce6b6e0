package audit

import (
	"cmp"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/verify"
)

// Epoch is one of the keys that subjects are hidden under before they are written. Each is used for a while; when it is
// destroyed, the subjects of its time lead to nobody any more.
//
// A subject is 128 bits of a keyed hash already, so one block of AES-256 is all it takes to hide it again: two people
// never share a result, and without the key there is nothing to compare with.
type Epoch struct {
	Number      uint32
	Fingerprint [8]byte
	subject     cipher.Block
	staff       cipher.Block
}

// NewEpoch makes an epoch of a secret of at least 32 characters.
func NewEpoch(number uint32, secret []byte) (*Epoch, error) {
	if len(secret) < 32 {
		return nil, fmt.Errorf("epoch key %d has %d characters, need at least 32", number, len(secret))
	}
	e := &Epoch{Number: number}
	var err error
	derive := func(use string, n int) []byte {
		key, fault := hkdf.Key(sha256.New, secret, nil, "verigate audit "+use, n)
		err = errors.Join(err, fault)
		return key
	}
	copy(e.Fingerprint[:], derive("fingerprint", len(e.Fingerprint)))
	subject, staff := derive("subject", 32), derive("staff", 32)
	if err != nil {
		return nil, fmt.Errorf("deriving epoch key %d: %w", number, err)
	}
	var err1, err2 error
	e.subject, err1 = aes.NewCipher(subject)
	e.staff, err2 = aes.NewCipher(staff)
	return e, errors.Join(err1, err2)
}

// Subject returns what the log knows a person by in this epoch; the zero subject stays zero.
func (e *Epoch) Subject(s verify.Subject) (out verify.Subject) {
	hide(e.subject, out[:], &s)
	return out
}

// Staff returns what the log knows a staff member by in this epoch; the zero subject stays zero.
func (e *Epoch) Staff(s verify.Subject) (out verify.Subject) {
	hide(e.staff, out[:], &s)
	return out
}

// hide writes the hidden form of s into dst without allocating.
func hide(b cipher.Block, dst []byte, s *verify.Subject) {
	if *s == (verify.Subject{}) {
		clear(dst)
		return
	}
	b.Encrypt(dst, s[:])
}

const (
	epochPrefix = "epoch-"
	epochSuffix = ".key"
	signingFile = "signing.key"
)

// LoadEpochs reads every epoch-<number>.key of a folder, oldest first.
func LoadEpochs(dir string) ([]*Epoch, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("reading epoch keys: %w", err)
	}
	var epochs []*Epoch
	for _, f := range entries {
		digits, ok1 := strings.CutPrefix(f.Name(), epochPrefix)
		digits, ok2 := strings.CutSuffix(digits, epochSuffix)
		if !ok1 || !ok2 {
			continue
		}
		number, err := strconv.ParseUint(digits, 10, 32)
		if err != nil || number == 0 {
			return nil, fmt.Errorf("reading epoch keys: %s: the name must be %s<number>%s, from 1", f.Name(), epochPrefix, epochSuffix)
		}
		secret, err := config.SecretFile(filepath.Join(dir, f.Name())).Read()
		if err != nil {
			return nil, fmt.Errorf("reading epoch keys: %w", err)
		}
		e, err := NewEpoch(uint32(number), secret)
		if err != nil {
			return nil, fmt.Errorf("reading epoch keys: %w", err)
		}
		epochs = append(epochs, e)
	}
	slices.SortFunc(epochs, func(a, b *Epoch) int { return cmp.Compare(a.Number, b.Number) })
	return epochs, nil
}

// EnsureKeys makes a key folder fit to open a log with: the key that checkpoints are signed with is made if there is none.
// What is there is left alone. Epoch keys are for [Open] to make: only the log's folder tells which numbers were used.
func EnsureKeys(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making audit keys: %w", err)
	}
	if _, err := LoadEpochs(dir); err != nil {
		return err
	}
	path := filepath.Join(dir, signingFile)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	secret, _, err := note.GenerateKey(rand.Reader, "verigate-audit")
	if err != nil {
		return fmt.Errorf("making audit keys: %w", err)
	}
	return newSecretFile(path, secret)
}

func epochName(number uint32) string {
	return fmt.Sprintf("%s%04d%s", epochPrefix, number, epochSuffix)
}

// AddEpoch makes a new random epoch key; it is used from the next segment on.
func AddEpoch(dir string, number uint32) error {
	secret := make([]byte, 32)
	rand.Read(secret)
	return newSecretFile(filepath.Join(dir, epochName(number)), base64.RawURLEncoding.EncodeToString(secret))
}

// newSecretFile never replaces a file: a key that is gone is gone for good.
func newSecretFile(path, text string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("making a key: %w", err)
	}
	_, err = f.WriteString(text + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		os.Remove(path)
		return fmt.Errorf("making a key: %w", err)
	}
	if err := syncDir(filepath.Dir(path)); err != nil { // records under a key that a power loss takes lead to nobody
		return fmt.Errorf("making a key: %w", err)
	}
	return nil
}
