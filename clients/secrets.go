package clients

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/internal/mac"
)

// minKeyLen is the fewest characters a directory key may have: 32 hexadecimal digits are 128 bits.
const minKeyLen = 32

// Secrets are the keys derived from the directory's key file: what portal passwords and staff numbers are hashed with,
// staff names are sealed with, and what nodes share is authenticated with. They are immutable and safe for concurrent use.
type Secrets struct {
	passwords *mac.Key
	officers  *mac.Key
	names     cipher.AEAD
	directory []byte   // seals a whole directory, see envelope
	counts    []byte   // seals what nodes tell each other of callers' counts, see tally
	networks  *mac.Key // hashes the networks that accounts log in from
}

const (
	labelPassword byte = iota + 1
	labelOfficer
	labelNetwork
)

// NewSecrets derives the keys from the content of the directory's key file, at least 32 characters.
func NewSecrets(key []byte) (*Secrets, error) {
	if len(key) < minKeyLen {
		return nil, fmt.Errorf("deriving directory keys: the key has %d characters, need at least %d", len(key), minKeyLen)
	}
	derive := func(use string) ([]byte, error) { return hkdf.Key(sha256.New, key, nil, "verigate clients "+use, 32) }
	passwords, err1 := derive("passwords")
	officers, err2 := derive("officers")
	names, err3 := derive("names")
	directory, err4 := derive("directory")
	counts, err5 := derive("counts")
	networks, err6 := derive("networks")
	if err := errors.Join(err1, err2, err3, err4, err5, err6); err != nil {
		return nil, fmt.Errorf("deriving directory keys: %w", err)
	}
	block, err := aes.NewCipher(names)
	if err != nil {
		return nil, fmt.Errorf("deriving directory keys: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("deriving directory keys: %w", err)
	}
	return &Secrets{
		passwords: mac.New(passwords), officers: mac.New(officers), names: aead,
		directory: directory, counts: counts, networks: mac.New(networks),
	}, nil
}

// ReadSecrets derives the keys from a file.
func ReadSecrets(file config.SecretFile) (*Secrets, error) {
	key, err := file.Read()
	if err != nil {
		return nil, err
	}
	s, err := NewSecrets(key)
	if err != nil {
		return nil, fmt.Errorf("key_file %s: %w", string(file), err)
	}
	return s, nil
}

// Password returns what the directory stores of a portal password: a hash of the account's name in upper case and the
// MD5 in upper-case hexadecimal, the only form in which portal clients ever send a password. Binding the name means
// that two accounts with the same password do not look alike. Neither slice is kept or changed.
func (s *Secrets) Password(upperName, md5hex []byte) mac.Sum {
	var buf [maxUsername + 1 + md5HexLen]byte
	b := append(append(buf[:0], upperName...), 0)
	for _, c := range md5hex {
		b = append(b, upper(c))
	}
	return s.passwords.Sum(labelPassword, b)
}

// OfficerID is the keyed hash of a staff member's ID number within one caller: the same person at two facilities does
// not look the same.
type OfficerID [16]byte

// Officer returns the keyed hash of an ID number on the list of the named caller.
func (s *Secrets) Officer(callerID string, number []byte) (id OfficerID) {
	var buf [maxID + 1 + maxOfficerNumber]byte
	sum := s.officers.Sum(labelOfficer, append(append(append(buf[:0], callerID...), 0), number...))
	copy(id[:], sum[:])
	return id
}

// maxOfficerNumber bounds what is hashed as a staff member's number; the real ones have 12 digits.
const maxOfficerNumber = 32

// SealName encrypts a staff member's name for one place on one caller's list; it cannot be moved to another.
func (s *Secrets) SealName(callerID string, id OfficerID, name string) string {
	nonce := make([]byte, s.names.NonceSize(), s.names.NonceSize()+len(name)+s.names.Overhead())
	rand.Read(nonce)
	return base64.StdEncoding.EncodeToString(s.names.Seal(nonce, nonce, []byte(name), officerPlace(callerID, id)))
}

// OpenName decrypts what SealName made; it fails when the key, the caller or the number is another.
func (s *Secrets) OpenName(callerID string, id OfficerID, sealed string) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil || len(b) < s.names.NonceSize() {
		return nil, errors.New("opening an officer's name: not a sealed name")
	}
	name, err := s.names.Open(nil, b[:s.names.NonceSize()], b[s.names.NonceSize():], officerPlace(callerID, id))
	if err != nil {
		return nil, errors.New("opening an officer's name: sealed under another key or for another entry")
	}
	return name, nil
}

func officerPlace(callerID string, id OfficerID) []byte {
	return append([]byte(callerID+"\x00"), hex.EncodeToString(id[:])...)
}

func upper(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}
