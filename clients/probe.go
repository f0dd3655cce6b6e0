package clients

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/verigate/verigate/config"
)

// Probe implements config.Prober. Redis is not asked; the copy of its directory in data is read.
func (c *Config) Probe() error {
	secrets, err := c.probeKey()
	if !c.Key.Set() {
		err = nil // a fault already
	}
	faults := []error{config.Fault("key_file", string(c.Key), "it must be the key that the directory was made with, at least 32 characters", err)}
	if c.File != "" {
		faults = append(faults, probeText("file", c.File, "'verigate clients' writes sound lines, a backup has the last ones", func() ([]byte, error) { return directoryFile(c.File).Read() }))
	}
	if c.Data != "" {
		faults = append(faults, c.probeData())
	}
	if c.Redis.Enabled() && c.Data != "" && secrets != nil {
		path := filepath.Join(c.Data, copyName)
		faults = append(faults, config.Worry(probeText("data", path, "it is what a start without Redis needs: if key_file is right, remove it, and the next start with Redis makes it anew", func() ([]byte, error) {
			raw, err := os.ReadFile(path)
			if errors.Is(err, fs.ErrNotExist) {
				return []byte(fileHeader), nil
			}
			if err != nil {
				return nil, err
			}
			e, err := openEnvelope(secrets, raw)
			if err != nil {
				return nil, err
			}
			return e.Text, nil
		})))
	}
	return errors.Join(faults...)
}

// probeData: a start makes the folder; one that is there and cannot be written to only keeps nothing.
func (c *Config) probeData() error {
	err := config.ProbeFolder("data", c.Data)
	if info, missing := os.Stat(c.Data); missing == nil && info.IsDir() {
		return config.Worry(err)
	}
	return err
}

func (c *Config) probeKey() (*Secrets, error) {
	key, err := c.Key.Read()
	if err != nil {
		return nil, err
	}
	return NewSecrets(key)
}

// probeText holds a directory to what a start does with it.
func probeText(key, path, todo string, read func() ([]byte, error)) error {
	raw, err := read()
	var f *File
	if err == nil {
		f, err = Decode(bytes.NewReader(raw))
	}
	if err == nil {
		_, err = newTable(f, newPlaces())
	}
	return config.Fault(key, path, todo, err)
}
