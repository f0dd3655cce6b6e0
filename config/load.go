package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
)

// maxFile bounds the configuration file; a larger one is the wrong file.
const maxFile = 1 << 20

// Load fills *out from its defaults, then from the YAML file at path (none if path is empty), then from env (as
// os.Environ returns it), and checks the result with [Check]. The error joins every fault found, one line each, the
// file's with path and line; nil means *out is fit to start with. Relative paths inside the file are relative to the
// working directory.
func Load(path string, env []string, out any) error {
	var src []byte
	if path != "" {
		var err error
		if src, err = readFile(path); err != nil {
			return err
		}
	}
	return Parse(path, src, env, out)
}

// Parse is [Load] of a file already read; name stands for it in faults.
func Parse(name string, src []byte, env []string, out any) error {
	Defaults(out)
	faults, read := decode(name, src, out)
	if !read {
		return errors.Join(faults...) // what a file that cannot be read leaves unset is no second fault
	}
	faults = append(faults, override(env, out)...)
	faults = append(faults, check(reflect.ValueOf(out), "")...)
	return errors.Join(faults...)
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading configuration: %w", err)
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading configuration: %w", err)
	}
	if len(src) > maxFile {
		return nil, fmt.Errorf("reading configuration %s: longer than 1MiB", path)
	}
	return src, nil
}
