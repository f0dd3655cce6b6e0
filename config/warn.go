package config

import (
	"fmt"
	"reflect"
)

// Warnings lists what is no fault but should be told at start, one line each with the setting's path: secret files that
// everyone may read. cfg is a pointer to a struct that has passed [Check].
func Warnings(cfg any) []string {
	var lines []string
	for _, f := range leaves(reflect.ValueOf(cfg).Elem(), "") {
		switch v := f.value.Interface().(type) {
		case SecretFile:
			lines = warn(lines, f.path, v)
		case []SecretFile:
			for _, file := range v {
				lines = warn(lines, f.path, file)
			}
		}
	}
	return lines
}

func warn(lines []string, path string, file SecretFile) []string {
	if text := file.Warning(); file.Set() && text != "" {
		lines = append(lines, fmt.Sprintf("%s: %s", path, text))
	}
	return lines
}
