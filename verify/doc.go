// Package verify holds the words every part of the gateway speaks (query, claims, record, held, answer, outcome, caller,
// refusal) and the rules that turn a record and a set of claims into an outcome.
//
// It is deterministic and does no I/O. The same record, claims, day and policy give the same answer for ever;
// [RulesVersion] changes when a rule does.
package verify

// RulesVersion names the matching and status rules in force; it is written into every audit record.
const RulesVersion = 1
