package config

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// envPrefix begins every variable that overrides a setting.
const envPrefix = "VERIGATE_"

// serviceLink matches what Kubernetes puts into every container for a Service called "verigate"; those are not ours.
var serviceLink = regexp.MustCompile(`^VERIGATE_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_[0-9]+_(TCP|UDP|SCTP).*)?)$`)

// EnvName returns the variable that overrides the setting at path: "cache.local.size" is VERIGATE_CACHE_LOCAL_SIZE.
func EnvName(path string) string {
	return envPrefix + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(path))
}

func override(env []string, out any) []error {
	settings := map[string]field{}
	for _, f := range leaves(reflect.ValueOf(out).Elem(), "") {
		settings[EnvName(f.path)] = f
	}
	var faults []error
	for _, entry := range slices.Sorted(slices.Values(env)) {
		name, text, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, envPrefix) || serviceLink.MatchString(name) {
			continue
		}
		f, ok := settings[name]
		if !ok {
			faults = append(faults, fmt.Errorf("environment %s: no such setting", name))
			continue
		}
		if err := setText(f.value, text); err != nil {
			faults = append(faults, fmt.Errorf("environment %s: %w", name, err))
		}
	}
	return faults
}
