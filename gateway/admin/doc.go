// Package admin is the operator's listener, on loopback unless told otherwise: is it alive, is it ready and if not what
// is missing, what does it count, what state is each room in.
//
// It promises that /readyz names every component and why it is not ready, and that a component which merely slows the
// gateway down (the shared cache) never takes it out of service. It serves GET only, changes nothing, and must never
// show a secret or anything about a person: what it prints comes from the rooms' own status values.
package admin
