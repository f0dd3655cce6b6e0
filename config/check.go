package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Validator is a Config with rules its tags cannot say. Each fault is one line that begins with the key it is about
// ("timeout 5s: must be below deadline 2s"); the section's path is put before it. Several are joined with errors.Join.
type Validator interface {
	Validate() error
}

// Check holds cfg, a pointer to a struct, to its tags (min, max, oneof, required), to the Validate methods of it and of
// every struct inside, and to secret files being readable. The error joins all faults, one line each.
func Check(cfg any) error { return errors.Join(check(reflect.ValueOf(cfg), "")...) }

func check(v reflect.Value, path string) []error {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return check(v.Elem(), path)
	case reflect.Struct:
		return checkSection(v, path)
	case reflect.Slice:
		var faults []error
		for i := range v.Len() {
			faults = append(faults, check(v.Index(i), fmt.Sprintf("%s[%d]", path, i))...)
		}
		return faults
	case reflect.Map:
		var faults []error
		for _, k := range v.MapKeys() {
			e := reflect.New(v.Type().Elem()).Elem() // a map's elements have no address, and Validate may need one
			e.Set(v.MapIndex(k))
			faults = append(faults, check(e, join(path, fmt.Sprint(k)))...)
		}
		return faults
	default:
		return nil
	}
}

func checkSection(v reflect.Value, path string) []error {
	if isText(v.Type()) {
		return nil
	}
	var faults []error
	for _, f := range fields(v, path) {
		if err := checkTags(f); err != nil {
			faults = append(faults, err)
		}
		faults = append(faults, checkSecrets(f)...)
		faults = append(faults, check(f.value, f.path)...)
	}
	return append(faults, validateAll(v, path)...)
}

// validateAll calls the rules of v and of what is inlined into it. An embedded struct's rules are v's own by promotion,
// or v has shadowed them.
func validateAll(v reflect.Value, path string) []error {
	faults := validate(v, path)
	for i := range v.NumField() {
		if sf := v.Type().Field(i); sf.IsExported() && inlined(sf) && !sf.Anonymous {
			faults = append(faults, validateAll(v.Field(i), path)...)
		}
	}
	return faults
}

// validate calls v's own rules and puts the section's path before each line of what they say.
func validate(v reflect.Value, path string) []error {
	if !v.CanAddr() {
		return nil
	}
	own, ok := reflect.TypeAssert[Validator](v.Addr())
	if !ok {
		return nil
	}
	return sectionFaults(path, own.Validate())
}

// sectionFaults puts a section's path before each of its faults.
func sectionFaults(path string, err error) []error {
	if err == nil {
		return nil
	}
	var faults []error
	for _, e := range each(err) {
		faults = append(faults, at(path, e))
	}
	return faults
}

// each takes apart what errors.Join put together, at any depth.
func each(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	var texts []string
	for _, e := range joined.Unwrap() {
		all = append(all, each(e)...)
		texts = append(texts, e.Error())
	}
	if strings.Join(texts, "\n") != err.Error() {
		return []error{err} // it says more than its causes
	}
	return all
}

func at(path string, err error) error {
	if path == "" {
		return err
	}
	return fmt.Errorf("%s.%w", path, err)
}

func checkTags(f field) error {
	if f.value.IsZero() && f.tag.Get("required") == "true" {
		return fmt.Errorf("%s: must be set", f.path)
	}
	if set := f.tag.Get("oneof"); set != "" {
		return checkSet(f, strings.Fields(set))
	}
	return checkRange(f)
}

// checkSecrets holds secret files to being readable.
func checkSecrets(f field) (faults []error) {
	files, _ := reflect.TypeAssert[[]SecretFile](f.value)
	if one, ok := reflect.TypeAssert[SecretFile](f.value); ok && one.Set() {
		files = []SecretFile{one}
	}
	for _, file := range files {
		if _, err := file.Read(); err != nil {
			faults = append(faults, Fault(f.path, string(file), "", err))
		}
	}
	return faults
}

func checkSet(f field, set []string) error {
	if f.value.Kind() != reflect.Slice {
		return oneOf(f.path, fmt.Sprint(f.value.Interface()), set)
	}
	for i := range f.value.Len() {
		if err := oneOf(f.path, fmt.Sprint(f.value.Index(i).Interface()), set); err != nil {
			return err
		}
	}
	return nil
}

func oneOf(path, text string, set []string) error {
	if slices.Contains(set, text) {
		return nil
	}
	return fmt.Errorf("%s %q: must be one of %s", path, text, strings.Join(set, ", "))
}

func checkRange(f field) error {
	if low, ok := f.tag.Lookup("min"); ok && compare(f.value, low) < 0 {
		return fmt.Errorf("%s %v: must be at least %s", f.path, show(f.value), low)
	}
	if high, ok := f.tag.Lookup("max"); ok && compare(f.value, high) > 0 {
		return fmt.Errorf("%s %v: must be at most %s", f.path, show(f.value), high)
	}
	return nil
}

// compare orders v against the bound written in a tag; a bound that does not parse is a programmer's slip.
func compare(v reflect.Value, bound string) int {
	b := reflect.New(v.Type()).Elem()
	if err := setText(b, bound); err != nil {
		panic(fmt.Sprintf("config: bound %q of a %s: %v", bound, v.Type(), err))
	}
	switch {
	case v.CanInt():
		return order(v.Int(), b.Int())
	case v.CanUint():
		return order(v.Uint(), b.Uint())
	default:
		return order(v.Float(), b.Float())
	}
}

func order[T int64 | uint64 | float64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	case a != a: // not a number lies in no range
		return -1
	default:
		return 0
	}
}

// show prints a value as an operator would write it.
func show(v reflect.Value) any {
	if d, ok := reflect.TypeAssert[time.Duration](v); ok {
		return Duration(d)
	}
	return v.Interface()
}
