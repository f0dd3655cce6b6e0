package config

import (
	"crypto/x509"
	"errors"
	"os"
)

// Authorities reads a file of certificates in PEM that a server's own must lead to; without a file, nil means the
// system's.
func Authorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil //nolint:nilnil // crypto/tls reads it so
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("holds no PEM certificate")
	}
	return pool, nil
}
