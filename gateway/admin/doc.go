// Package admin is the operator's listener, on loopback unless told otherwise: is it alive, is it ready and if not what
// is missing, what does it count, what state is each room in; and, for who holds an operator's key, what may be changed
// while the gateway runs.
//
// It promises that /readyz names every component and why it is not ready, and that a component which merely slows the
// gateway down (the shared cache) never takes it out of service. What everybody may read it serves by GET and must never
// show a secret or anything about a person: it prints the rooms' own status values. Everything else is an [Act]: it
// needs a key, it is in the audit log before it is done, and it fails closed: no log, no act.
package admin
