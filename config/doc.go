// Package config reads the one YAML file an operator writes. It is a leaf: every room declares its own Config struct,
// and this package fills, checks and describes it by its tags:
//
//	yaml:"timeout"    the key; a field without one is not configurable; ",inline" lifts an embedded struct's keys
//	default:"250ms"   the value when nothing is said; a list is separated by commas
//	help:"…"          one sentence for docs/config.md
//	min:"1ms" max:"1m" oneof:"a b" required:"true"   bounds, checked by [Load] and [Check]
//
// It promises that an unknown key is refused by name and line, that an environment variable VERIGATE_<SECTION>_<KEY>
// overrides the file, and that every fault is listed at once, so that an operator mends a file in one round. It fails
// closed: a program must not start on a configuration with a fault. It never logs, and never prints what is inside a
// secret file.
package config
