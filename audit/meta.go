package audit

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/verigate/verigate/config"
)

// The files of a log's folder. Segments are 20 digits and ".seg".
const (
	metaFile        = "LOG"         // what the folder is; its hash is the log's id
	sealsFile       = "seals"       // the seal of every segment, in order: the leaves of the tree
	checkpointsFile = "checkpoints" // a signed checkpoint for each size of the tree
	latestFile      = "checkpoint"  // the newest, with the head of the segment being written
	cosignedFile    = "cosigned"    // the newest that witnesses cosigned
	nextFile        = "next.tmp"    // the segment being prepared
	lockFile        = "lock"
	segmentSuffix   = ".seg"
)

const (
	metaTitle  = "verigate audit log"
	metaFormat = "1"
)

// meta is the LOG file: a title and four lines of "key value". Its bytes never change.
type meta struct {
	id       logID
	verifier note.Verifier
}

func newMeta(signer *signer, now time.Time) []byte {
	var nonce [16]byte
	rand.Read(nonce[:])
	return fmt.Appendf(nil, "%s\nformat %s\ncreated %s\nnonce %s\nverifier %s\n",
		metaTitle, metaFormat, now.UTC().Format(time.RFC3339), hex.EncodeToString(nonce[:]), signer.public)
}

func parseMeta(b []byte) (*meta, error) {
	lines := strings.Split(string(b), "\n")
	if lines[0] != metaTitle {
		return nil, errors.New("this is not the folder of an audit log")
	}
	fields := map[string]string{}
	for _, l := range lines[1:] {
		if key, value, ok := strings.Cut(l, " "); ok {
			fields[key] = value
		}
	}
	if f := fields["format"]; f != metaFormat {
		return nil, fmt.Errorf("the log has format %q, this program reads and writes format %q", f, metaFormat)
	}
	if len(lines) != 6 || lines[5] != "" || len(fields) != 4 || fields["created"] == "" || fields["nonce"] == "" {
		return nil, errors.New("the LOG file is damaged")
	}
	v, err := note.NewVerifier(fields["verifier"])
	if err != nil {
		return nil, errors.New("the LOG file is damaged: its verifier is not a key")
	}
	return &meta{id: idOf(b), verifier: v}, nil
}

// Origin returns what the log with the given LOG file calls itself in its checkpoints, and its public key.
func Origin(text []byte) (origin string, v note.Verifier, err error) {
	m, err := parseMeta(text)
	if err != nil {
		return "", nil, err
	}
	return originPrefix + hex.EncodeToString(m.id[:]), m.verifier, nil
}

// idOf returns the id of the log with the given LOG file.
func idOf(text []byte) (id logID) {
	sum := sha256.Sum256(text)
	copy(id[:], sum[:])
	return id
}

// signer signs checkpoints.
type signer struct {
	note.Signer
	public string // the verifier's text
}

// loadSigner reads signing.key: one line in the encoding of golang.org/x/mod/sumdb/note.
func loadSigner(dir string) (*signer, error) {
	path := filepath.Join(dir, signingFile)
	text, err := config.SecretFile(path).Read()
	if err != nil {
		return nil, fmt.Errorf("reading the key that signs checkpoints: %w", err)
	}
	s, err := note.NewSigner(string(text))
	if err != nil {
		return nil, fmt.Errorf("reading the key that signs checkpoints: %s: not a signing key", path)
	}
	public, err := publicOf(string(text))
	if err != nil {
		return nil, fmt.Errorf("reading the key that signs checkpoints: %s: %w", path, err)
	}
	return &signer{s, public}, nil
}

// publicOf derives the verifier's text from a signer's: PRIVATE+KEY+<name>+<hash>+<base64 of the algorithm and the seed>.
func publicOf(private string) (string, error) {
	parts := strings.SplitN(private, "+", 5)
	if len(parts) != 5 {
		return "", errors.New("not a signing key")
	}
	seed, err := base64.StdEncoding.DecodeString(parts[4])
	if err != nil || len(seed) != 1+ed25519.SeedSize {
		return "", errors.New("not an Ed25519 signing key")
	}
	public, ok := ed25519.NewKeyFromSeed(seed[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return "", errors.New("not an Ed25519 signing key")
	}
	return note.NewEd25519VerifierKey(parts[2], public)
}

func segmentName(index uint64) string { return fmt.Sprintf("%020d%s", index, segmentSuffix) }

// segmentIndex reads a segment's file name, of either form; 0 is not one.
func segmentIndex(name string) (index uint64, compressed bool) {
	digits, compressed := strings.CutSuffix(name, compressedSuffix)
	if !compressed {
		var ok bool
		if digits, ok = strings.CutSuffix(name, segmentSuffix); !ok {
			return 0, false
		}
	}
	if len(digits) != 20 {
		return 0, false
	}
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return 0, false
		}
		index = index*10 + uint64(c-'0')
	}
	return index, compressed
}
