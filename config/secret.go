package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// SecretFile is the path of a file that holds one secret: a token, a key, a certificate. Only the path is ever printed.
type SecretFile string

// maxSecret bounds what is read into memory when a setting names the wrong file.
const maxSecret = 64 << 10

// Set tells whether a path was given.
func (f SecretFile) Set() bool { return f != "" }

// Read returns the file's bytes without one trailing line end. An empty file, a folder and anything above 64 KiB are
// errors that name the path. The caller owns the slice. Read again at each use that should see a rotated secret.
func (f SecretFile) Read() ([]byte, error) {
	file, err := os.Open(string(f))
	if err != nil {
		return nil, fmt.Errorf("reading secret file: %w", err)
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, maxSecret+1))
	if err != nil {
		return nil, fmt.Errorf("reading secret file: %w", err)
	}
	if len(b) > maxSecret {
		return nil, fmt.Errorf("reading secret file %s: longer than 64KiB", string(f))
	}
	b = bytes.TrimSuffix(bytes.TrimSuffix(b, []byte("\n")), []byte("\r"))
	if len(b) == 0 {
		return nil, fmt.Errorf("reading secret file %s: %w", string(f), errEmpty)
	}
	return b, nil
}

var errEmpty = errors.New("file is empty")

// Warning returns one line when others than the owner and group may read the file, else "". It is no fault, because
// container platforms mount secrets that way; a program logs it once at start.
func (f SecretFile) Warning() string {
	info, err := os.Stat(string(f))
	if err != nil || info.Mode().Perm()&0o004 == 0 {
		return ""
	}
	return fmt.Sprintf("secret file %s is readable by everyone (mode %04o)", string(f), info.Mode().Perm())
}

// MarshalText writes the path.
func (f SecretFile) MarshalText() ([]byte, error) { return []byte(f), nil }

// UnmarshalText reads the path; the file is opened by [Check] and by [SecretFile.Read], not here.
func (f *SecretFile) UnmarshalText(text []byte) error {
	*f = SecretFile(text)
	return nil
}
