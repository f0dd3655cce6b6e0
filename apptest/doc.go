// Package apptest holds the real program to its promises: it builds the binary with the race detector, starts it before
// the reference registry and a real Redis, asks it over HTTP, and breaks what it depends on. Replies and metrics are
// checked, never internals; what each question must get is told by the sample, which is decided by how it was made.
package apptest
