// Package proc starts the project's own programs, and a real Redis, for tests and load runs: on loopback, on ports the
// kernel picked, stopped by their process id and by nothing else.
//
// It promises that whatever it started is gone when Stop or Kill has returned. It is never part of the gateway.
package proc
