package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/verigate/verigate/clients"
)

// recordStart writes down what this run decides with: the program, its configuration and the directory.
func (n *node) recordStart() error {
	text, err := json.Marshal(n.cfg) // paths of secrets, never their content
	if err != nil {
		return fmt.Errorf("recording the configuration: %w", err)
	}
	sum := sha256.Sum256(text)
	v, commit := buildVersion()
	s := n.callers.Status()
	err = n.audit.Event("config", "gateway", "version", v, "commit", commit, "config", hex.EncodeToString(sum[:8]),
		"policy", n.policy.Entitlements().Version, "directory", s.Version, "callers", strconv.Itoa(s.Callers))
	if err != nil {
		return fmt.Errorf("recording the configuration: %w", err)
	}
	return nil
}

// directoryChanged writes down a change of the caller directory, or that one was refused.
func (n *node) directoryChanged(c clients.Change) {
	kind, reason := "directory", ""
	if c.Err != nil {
		kind, reason = "directory_refused", c.Err.Error()
	}
	err := n.audit.Event(kind, "gateway", "version", c.Version, "callers", strconv.Itoa(c.Callers), "reason", reason)
	if err != nil {
		n.log.Error("a change of the caller directory is not in the audit log", "reason", err)
	}
}

// policyChanged writes down a change of the field policy, or that one was refused.
func (n *node) policyChanged(version string, refused error) {
	kind, reason := "policy", ""
	if refused != nil {
		kind, reason = "policy_refused", refused.Error()
	}
	if err := n.audit.Event(kind, "gateway", "version", version, "reason", reason); err != nil {
		n.log.Error("a change of the field policy is not in the audit log", "reason", err)
	}
}

// secureChanged writes down that other certificates, authorities or revocations are in force, or that they were refused.
func (n *node) secureChanged(refused error) {
	kind, reason := "tls", ""
	if refused != nil {
		kind, reason = "tls_refused", refused.Error()
	}
	s := n.files.Status()
	err := n.audit.Event(kind, "gateway", "certificate_until", s.Expires.UTC().Format(time.RFC3339), "revoked", strconv.Itoa(s.Revoked), "reason", reason)
	if err != nil {
		n.log.Error("a change of the files of https is not in the audit log", "reason", err)
	}
}
