package config

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Row describes one setting for the reader of docs/config.md.
type Row struct {
	Path    string // "cache.local.size"; "[]" marks an element of a list, "<name>" one of a table
	Type    string // "duration", "size", "secret file", "list of text", …
	Default string // as written in the file; "" for none
	Range   string // "1ms to 1m", "at least 1", "one of: a, b"; "" for none
	Help    string
}

// Describe lists every setting of cfg, a struct or a pointer to one, in the order of its fields.
func Describe(cfg any) []Row {
	t := reflect.TypeOf(cfg)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return describe(reflect.New(t).Elem(), "")
}

func describe(v reflect.Value, path string) []Row {
	var rows []Row
	for _, f := range fields(v, path) {
		if inner, suffix, ok := sectionOf(f.value); ok {
			rows = append(rows, describe(inner, f.path+suffix)...)
			continue
		}
		rows = append(rows, Row{Path: f.path, Type: typeName(f.value), Default: f.tag.Get("default"),
			Range: rangeOf(f.tag), Help: f.tag.Get("help")})
	}
	return rows
}

// sectionOf returns a zero value of the struct that v is, points to, lists or maps to.
func sectionOf(v reflect.Value) (inner reflect.Value, suffix string, ok bool) {
	t := v.Type()
	switch v.Kind() {
	case reflect.Slice:
		t, suffix = t.Elem(), "[]"
	case reflect.Map:
		t, suffix = t.Elem(), ".<name>"
	case reflect.Pointer:
		t = t.Elem()
	default:
	}
	inner = reflect.New(t).Elem()
	return inner, suffix, isSection(inner.Type())
}

func typeName(v reflect.Value) string {
	switch v.Interface().(type) {
	case Duration, time.Duration:
		return "duration"
	case ByteSize:
		return "size"
	case SecretFile:
		return "secret file"
	}
	switch {
	case v.Kind() == reflect.Slice:
		return "list of " + typeName(reflect.New(v.Type().Elem()).Elem())
	case v.Kind() == reflect.Map:
		return "table of " + typeName(reflect.New(v.Type().Elem()).Elem())
	case v.Kind() == reflect.Pointer:
		return typeName(reflect.New(v.Type().Elem()).Elem())
	case v.Kind() == reflect.Bool:
		return "true or false"
	case v.CanInt(), v.CanUint():
		return "whole number"
	case v.CanFloat():
		return "number"
	default:
		return "text"
	}
}

func rangeOf(tag reflect.StructTag) string {
	low, high := tag.Get("min"), tag.Get("max")
	switch {
	case tag.Get("required") == "true":
		return "must be set"
	case tag.Get("oneof") != "":
		return "one of: " + strings.Join(strings.Fields(tag.Get("oneof")), ", ")
	case low != "" && high != "":
		return low + " to " + high
	case low != "":
		return "at least " + low
	case high != "":
		return "at most " + high
	default:
		return ""
	}
}

// Markdown renders rows as one table per top-level section, in order.
func Markdown(rows []Row) string {
	var b strings.Builder
	section := "\x00"
	for _, r := range rows {
		top, _, nested := strings.Cut(r.Path, ".")
		if !nested {
			top = "general"
		}
		top = strings.TrimSuffix(top, "[]")
		if top != section {
			section = top
			fmt.Fprintf(&b, "\n## %s\n\n| key | type | default | allowed | what it does |\n|---|---|---|---|---|\n", section)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", r.Path, r.Type, code(r.Default), cell(r.Range), cell(r.Help))
	}
	return b.String()
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + cell(s) + "`"
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
