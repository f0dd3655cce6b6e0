package witness

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/verigate/verigate/config"
)

// algorithm is that of a timestamped Ed25519 cosignature (C2SP signed-note).
const algorithm = 4

// Verifier checks the cosignatures of one witness; it is a [note.Verifier].
type Verifier struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

// NewVerifier reads a witness's public key: <name>+<hash>+<base64 of the algorithm and the key>.
func NewVerifier(text string) (*Verifier, error) {
	fault := fmt.Errorf("reading a witness's key: %q is not one", text)
	parts := strings.SplitN(text, "+", 3)
	if len(parts) != 3 {
		return nil, fault
	}
	b, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(b) != 1+ed25519.PublicKeySize || b[0] != algorithm || !validName(parts[0]) {
		return nil, fault
	}
	v := &Verifier{name: parts[0], key: b[1:]}
	v.hash = keyHash(v.name, v.key)
	if v.String() != text {
		return nil, fault
	}
	return v, nil
}

func validName(name string) bool {
	return name != "" && !strings.ContainsAny(name, "+ \t\n\r") && strings.ToValidUTF8(name, "") == name
}

func keyHash(name string, key ed25519.PublicKey) uint32 {
	h := sha256.New()
	h.Write([]byte(name + "\n"))
	h.Write([]byte{algorithm})
	h.Write(key)
	return binary.BigEndian.Uint32(h.Sum(nil))
}

// String returns the key's text.
func (v *Verifier) String() string {
	return fmt.Sprintf("%s+%08x+%s", v.name, v.hash, base64.StdEncoding.EncodeToString(append([]byte{algorithm}, v.key...)))
}

// Name implements [note.Verifier].
func (v *Verifier) Name() string { return v.name }

// KeyHash implements [note.Verifier].
func (v *Verifier) KeyHash() uint32 { return v.hash }

// Verify implements [note.Verifier].
func (v *Verifier) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	return ed25519.Verify(v.key, signed(binary.BigEndian.Uint64(sig), msg), sig[8:])
}

// signed is what a cosignature signs: the time and the checkpoint.
func signed(at uint64, msg []byte) []byte {
	return fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, msg)
}

// Time returns when the witness cosigned a note that was opened with its key; zero if it did not.
func (v *Verifier) Time(n *note.Note) time.Time {
	for _, s := range n.Sigs {
		b, err := base64.StdEncoding.DecodeString(s.Base64)
		if s.Name == v.name && s.Hash == v.hash && err == nil && len(b) == 4+8+ed25519.SignatureSize {
			return time.Unix(int64(binary.BigEndian.Uint64(b[4:])), 0).UTC()
		}
	}
	return time.Time{}
}

// Signer cosigns; it is a [note.Signer].
type Signer struct {
	Verifier

	private ed25519.PrivateKey
	now     func() time.Time
}

// Sign implements [note.Signer].
func (s *Signer) Sign(msg []byte) ([]byte, error) {
	at := uint64(s.now().Unix())
	return append(binary.BigEndian.AppendUint64(nil, at), ed25519.Sign(s.private, signed(at, msg))...), nil
}

// LoadSigner reads the file with a witness's secret, which it makes if there is none; name is only used then.
func LoadSigner(path, name string, now func() time.Time) (*Signer, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if !validName(name) {
			return nil, fmt.Errorf("making a witness's key: name %q: must have no space and no plus", name)
		}
		seed := make([]byte, ed25519.SeedSize)
		rand.Read(seed)
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, fmt.Errorf("making a witness's key: %w", err)
		}
		_, err = fmt.Fprintf(f, "%s %s\n", name, base64.StdEncoding.EncodeToString(seed))
		if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
			return nil, fmt.Errorf("making a witness's key: %w", err)
		}
	}
	text, err := config.SecretFile(path).Read()
	if err != nil {
		return nil, fmt.Errorf("reading a witness's key: %w", err)
	}
	name, code, _ := strings.Cut(string(text), " ")
	seed, err := base64.StdEncoding.DecodeString(code)
	if err != nil || len(seed) != ed25519.SeedSize || !validName(name) {
		return nil, fmt.Errorf("reading a witness's key: %s does not hold one", path)
	}
	private := ed25519.NewKeyFromSeed(seed)
	public, _ := private.Public().(ed25519.PublicKey) // always is
	return &Signer{Verifier: Verifier{name: name, hash: keyHash(name, public), key: public}, private: private, now: now}, nil
}
