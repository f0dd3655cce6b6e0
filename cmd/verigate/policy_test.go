package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/verigate/verigate/clients/policy"
	"github.com/verigate/verigate/config"
)

// TestCheckReadsThePolicy: serve --check tells the faults of the policy file with those of the configuration.
func TestCheckReadsThePolicy(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "policy.yaml")
	broken := strings.Replace(string(policy.Default), "purposes: [treatment", "purposes: [cure", 1)
	if err := os.WriteFile(path, []byte(broken), 0o600); err != nil {
		t.Fatal(err)
	}
	var cfg settings
	err := config.Parse("verigate.yaml", []byte("policy:\n  file: "+path+"\n"), nil, &cfg)
	if err == nil || !strings.Contains(err.Error(), "policy.file "+path) || !strings.Contains(err.Error(), `policy.yaml:8: rules[0].purposes[0]: "cure"`) {
		t.Errorf("check says:\n%v", err)
	}
}
