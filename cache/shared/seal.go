package shared

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
)

// sealer encrypts values with XAES-256-GCM (the C2SP specification): AES-256-GCM under a key derived from the master key
// and the first half of a random 24-byte nonce. Random nonces are then safe for as many values as will ever be written,
// where plain AES-GCM asks for a new key every few weeks at our rates. It is safe for concurrent use.
type sealer struct {
	block cipher.Block
	k1    [aes.BlockSize]byte
}

const (
	nonceSize   = 24
	overhead    = 16
	leastSecret = 16
)

// newSealer derives the master key from a secret of at least 16 bytes.
func newSealer(secret []byte) (*sealer, error) {
	if len(secret) < leastSecret {
		return nil, fmt.Errorf("reading key_file: the secret has %d bytes, at least %d are needed", len(secret), leastSecret)
	}
	key, err := hkdf.Key(sha256.New, secret, nil, "verigate shared cache values v1", 32)
	if err != nil {
		return nil, fmt.Errorf("deriving the cache key: %w", err)
	}
	return sealerFor(key)
}

func sealerFor(key []byte) (*sealer, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("making the cache cipher: %w", err)
	}
	s := &sealer{block: block}
	block.Encrypt(s.k1[:], s.k1[:])
	msb := byte(0)
	for i := len(s.k1) - 1; i >= 0; i-- { // the subkey of CMAC: doubling in GF(2^128)
		msb, s.k1[i] = s.k1[i]>>7, s.k1[i]<<1|msb
	}
	s.k1[len(s.k1)-1] ^= msb * 0b10000111
	return s, nil
}

// derive returns the AEAD for a nonce; its own nonce is the second half.
func (s *sealer) derive(nonce []byte) cipher.AEAD {
	key := make([]byte, 0, 2*aes.BlockSize)
	for counter := byte(1); counter <= 2; counter++ {
		m := [aes.BlockSize]byte{0, counter, 'X', 0}
		copy(m[4:], nonce[:12])
		for i := range m {
			m[i] ^= s.k1[i]
		}
		s.block.Encrypt(m[:], m[:])
		key = append(key, m[:]...)
	}
	block, err := aes.NewCipher(key)
	if err == nil {
		var aead cipher.AEAD
		if aead, err = cipher.NewGCM(block); err == nil {
			return aead
		}
	}
	panic("shared: AES-256-GCM with a 32-byte key cannot fail: " + err.Error())
}

// seal appends a fresh nonce and the sealed plaintext to dst.
func (s *sealer) seal(dst, plaintext, additional []byte) []byte {
	from := len(dst)
	dst = append(dst, make([]byte, nonceSize)...)
	_, _ = rand.Read(dst[from:]) // never fails: the program stops instead
	nonce := dst[from : from+nonceSize]
	return s.derive(nonce).Seal(dst, nonce[12:], plaintext, additional)
}

var errSealed = errors.New("opening a shared value: it was not sealed with this key for this subject")

// open returns the plaintext of what seal appended.
func (s *sealer) open(sealed, additional []byte) ([]byte, error) {
	if len(sealed) < nonceSize+overhead {
		return nil, errSealed
	}
	plain, err := s.derive(sealed[:nonceSize]).Open(nil, sealed[12:nonceSize], sealed[nonceSize:], additional)
	if err != nil {
		return nil, errSealed
	}
	return plain, nil
}
