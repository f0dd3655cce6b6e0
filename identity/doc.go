// Package identity knows the identifiers, birth dates and QR payloads of Vietnamese social insurance: it parses,
// normalises and refuses them. It is pure: no I/O, no clock of its own, no knowledge of any registry.
//
// It refuses only what cannot possibly be right (a "hard" rule); what merely looks odd passes, because only the
// registry can know. Input is never echoed in an error: a [Fault] names the field and the rule, not the value.
package identity
