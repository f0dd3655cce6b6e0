package config

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// field is one configurable struct field with the path an operator knows it by.
type field struct {
	path  string
	tag   reflect.StructTag
	value reflect.Value
}

// fields lists the configurable fields of struct v, in order, inlined structs resolved; it does not descend.
func fields(v reflect.Value, prefix string) []field {
	var out []field
	t := v.Type()
	for i := range t.NumField() {
		sf := t.Field(i)
		key, _, _ := strings.Cut(sf.Tag.Get("yaml"), ",")
		switch {
		case !sf.IsExported():
		case inlined(sf):
			out = append(out, fields(v.Field(i), prefix)...)
		case key != "" && key != "-":
			out = append(out, field{path: join(prefix, key), tag: sf.Tag, value: v.Field(i)})
		}
	}
	return out
}

// inlined tells whether a struct's keys stand among those of the struct around it.
func inlined(sf reflect.StructField) bool {
	_, opts, _ := strings.Cut(sf.Tag.Get("yaml"), ",")
	return opts == "inline"
}

// leaves lists every scalar, list or map field below struct v, nested structs (not those behind pointers or in lists)
// resolved.
func leaves(v reflect.Value, prefix string) []field {
	var out []field
	for _, f := range fields(v, prefix) {
		if isSection(f.value.Type()) {
			out = append(out, leaves(f.value, f.path)...)
			continue
		}
		out = append(out, f)
	}
	return out
}

// isSection tells whether t is a struct with keys of its own rather than a value written as text.
func isSection(t reflect.Type) bool { return t.Kind() == reflect.Struct && !isText(t) }

func isText(t reflect.Type) bool {
	return t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

func join(prefix, key string) string {
	if prefix == "" {
		return key
	}
	return prefix + "." + key
}

// setText parses s into scalar v, or into a list of scalars separated by commas.
func setText(v reflect.Value, s string) error {
	if isText(v.Type()) {
		return v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(s))
	}
	if v.Type() == reflect.TypeFor[time.Duration]() {
		return (*Duration)(v.Addr().Interface().(*time.Duration)).UnmarshalText([]byte(s))
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
		return nil
	case reflect.Bool:
		return setBool(v, s)
	case reflect.Slice:
		return setList(v, s)
	case reflect.Pointer:
		return setPointer(v, s)
	default:
		return setNumber(v, s)
	}
}

func setBool(v reflect.Value, s string) error {
	if s != "true" && s != "false" {
		return fmt.Errorf("%q is neither true nor false", s)
	}
	v.SetBool(s == "true")
	return nil
}

func setPointer(v reflect.Value, s string) error {
	to := reflect.New(v.Type().Elem())
	if err := setText(to.Elem(), s); err != nil {
		return err
	}
	v.Set(to)
	return nil
}

func setList(v reflect.Value, s string) error {
	list := reflect.MakeSlice(v.Type(), 0, 4)
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		e := reflect.New(v.Type().Elem()).Elem()
		if err := setText(e, part); err != nil {
			return err
		}
		list = reflect.Append(list, e)
	}
	v.Set(list)
	return nil
}

func setNumber(v reflect.Value, s string) error {
	bits := 64
	if v.CanInt() || v.CanUint() || v.CanFloat() {
		bits = v.Type().Bits()
	}
	digits := strings.ReplaceAll(s, "_", "")
	switch {
	case v.CanInt():
		n, err := strconv.ParseInt(digits, 10, bits)
		if err != nil {
			return fmt.Errorf("%q is not a whole number that fits", s)
		}
		v.SetInt(n)
	case v.CanUint():
		n, err := strconv.ParseUint(digits, 10, bits)
		if err != nil {
			return fmt.Errorf("%q is not a whole number from zero that fits", s)
		}
		v.SetUint(n)
	case v.CanFloat():
		n, err := strconv.ParseFloat(digits, bits)
		if err != nil {
			return fmt.Errorf("%q is not a number", s)
		}
		v.SetFloat(n)
	default:
		return fmt.Errorf("a %s cannot be written on one line", v.Type())
	}
	return nil
}
