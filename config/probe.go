package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
)

// Prober is a Config that names files which a start reads. Probe reads them as a start would and does nothing else: it
// connects to nobody, listens nowhere and writes nothing. Its faults have the form of those of [Validator]; [Fault]
// makes them, and [Worry] those of which a start would not die. What a section inlines is left to that section's own Probe, if it has one.
type Prober interface {
	Probe() error
}

// Probe asks every section of cfg, a pointer to a struct that [Check] has seen, for the faults of its files. The error
// joins those that a start would refuse, one line each; worries are the others.
func Probe(cfg any) (worries []string, err error) {
	var faults []error
	for _, e := range probe(reflect.ValueOf(cfg), "") {
		if _, is := errors.AsType[*worry](e); is {
			worries = append(worries, e.Error())
			continue
		}
		faults = append(faults, e)
	}
	return worries, errors.Join(faults...)
}

// worry is something that should be seen to, and no reason not to start.
type worry struct{ error }

// Worry says of faults that a start goes on with them; nil stays nil.
func Worry(err error) error {
	if err == nil {
		return nil
	}
	all := each(err)
	for i, e := range all {
		all[i] = &worry{e}
	}
	return errors.Join(all...)
}

func probe(v reflect.Value, path string) []error {
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct || isText(v.Type()) {
		return nil
	}
	var faults []error
	for _, f := range fields(v, path) {
		faults = append(faults, probe(f.value, f.path)...)
	}
	return append(faults, probeSection(v, path)...)
}

// probeSection asks v, or what is inlined into it when v has nothing to say itself.
func probeSection(v reflect.Value, path string) []error {
	if own, ok := reflect.TypeAssert[Prober](v.Addr()); ok {
		return sectionFaults(path, own.Probe())
	}
	var faults []error
	for i := range v.NumField() {
		if sf := v.Type().Field(i); sf.IsExported() && inlined(sf) {
			faults = append(faults, probeSection(v.Field(i), path)...)
		}
	}
	return faults
}

// Fault says in one line which setting names which file, what is wrong with it, and what to do; todo may be left out
// for a file that is not there or may not be read. Of joined errors each is a line; a nil err is no fault.
func Fault(key, file, todo string, err error) error {
	if err == nil {
		return nil
	}
	var faults []error
	for _, e := range each(err) {
		faults = append(faults, fault(key, file, todo, e))
	}
	return errors.Join(faults...)
}

func fault(key, file, todo string, err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err // the rest of the line names the file
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		todo = "put it there, or correct the setting"
	case errors.Is(err, fs.ErrPermission):
		todo = "let the user that the gateway runs as read it"
	case errors.Is(err, errEmpty):
		err, todo = errEmpty, "fill it, or correct the setting"
	}
	if todo == "" {
		return fmt.Errorf("%s %s: %w", key, file, err)
	}
	return fmt.Errorf("%s %s: %w; %s", key, file, err, todo)
}

// ProbeFolder tells whether a folder that a setting names can be written to or, where there is none, be made. It
// does neither.
func ProbeFolder(key, dir string) error {
	at := filepath.Clean(dir)
	info, err := os.Stat(at)
	for errors.Is(err, fs.ErrNotExist) && at != filepath.Dir(at) {
		at = filepath.Dir(at)
		info, err = os.Stat(at)
	}
	switch {
	case err != nil:
		return Fault(key, dir, "", err)
	case !info.IsDir():
		return fmt.Errorf("%s %s: %s is no folder; name another, or move what is there away", key, dir, at)
	}
	if err := writable(at); err != nil {
		return fmt.Errorf("%s %s: %s cannot be written to: %w; give it to the user that the gateway runs as", key, dir, at, err)
	}
	return nil
}
