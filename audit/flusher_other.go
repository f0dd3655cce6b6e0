//go:build !linux || (!amd64 && !arm64)

package audit

import "os"

// flusher is where asynchronous flushes would be, see flusher_linux.go.
type flusher struct{}

func newFlusher() *flusher { return new(flusher) }

func (*flusher) close() {}

func (*flusher) sync(file *os.File) error { return syncData(file) }
