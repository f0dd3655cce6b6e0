// Package policy is the field policy: for each kind of caller, purpose and call, which outcomes and which parts of an
// answer may be told. It is one readable YAML file, or the one built in, compiled into an immutable table behind an
// atomic pointer.
//
// A file is taken whole or not at all: a fault is told with its line and reason, and the policy that was in force stays.
// A running gateway takes a changed file within [Config].Poll. It fails closed: what no rule gives is not told, and a
// call without a rule is not answered.
//
// It must never give more than the file says; a caller's own directory entry widens a rule only where the rule says so.
package policy
