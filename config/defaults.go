package config

import (
	"fmt"
	"reflect"
)

// Defaults fills every zero field of *cfg that has a default tag, nested structs included. Call it before setting
// fields by hand: afterwards a deliberate zero could not be told from a missing value. It panics if cfg is not a
// pointer to a struct or a tag does not parse, which only a programmer can cause.
func Defaults(cfg any) {
	v := reflect.ValueOf(cfg)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("config: Defaults needs a pointer to a struct, not %T", cfg))
	}
	defaults(v.Elem())
}

func defaults(v reflect.Value) {
	for _, f := range leaves(v, "") {
		text, ok := f.tag.Lookup("default")
		if !ok || !f.value.IsZero() {
			continue
		}
		if err := setText(f.value, text); err != nil {
			panic(fmt.Sprintf("config: default of %s in %s: %v", f.path, v.Type(), err))
		}
	}
}
