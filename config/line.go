package config

import "reflect"

// Line is where in the file a section begins, counted from 1. A struct with an exported field of this type, which needs
// no tag, is told its own, so that faults found after decoding can still name the place.
type Line int

func setLine(v reflect.Value, line int) {
	for i := range v.NumField() {
		if sf := v.Type().Field(i); sf.IsExported() && sf.Type == reflect.TypeFor[Line]() && sf.Tag.Get("yaml") == "" {
			v.Field(i).SetInt(int64(line))
		}
	}
}
