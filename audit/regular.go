package audit

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
)

// openRegular opens a file for reading if it is an ordinary one. A log's folder holds nothing else: a link leads
// somebody's eyes out of it, a pipe makes them wait for ever, a device gives without end.
func openRegular(path string) (*os.File, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, notRegular(path, info)
	}
	f, err := os.OpenFile(path, openFlags, 0)
	if err != nil {
		return nil, err
	}
	if info, err = f.Stat(); err == nil && !info.Mode().IsRegular() {
		err = notRegular(path, info) // exchanged meanwhile
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func notRegular(path string, info fs.FileInfo) error {
	return fmt.Errorf("%s is not an ordinary file (%s)", filepath.Base(path), info.Mode().Type())
}

// guardReading ends a stretch in which a mapped file is read; it is deferred. A page that cannot be brought in (the disk
// is broken, somebody cut the file) would end the process, a gateway that looks into old segments for a citizen
// included: it is told as an error.
func guardReading(old bool, tell func(error)) {
	debug.SetPanicOnFault(old)
	r := recover()
	if r == nil {
		return
	}
	if fault, ok := r.(interface{ Addr() uintptr }); !ok || fault.Addr() == 0 {
		panic(r) // something else
	}
	tell(errPage)
}

var errPage = errors.New("a part of the file cannot be read (it was cut meanwhile, or the disk is broken)")

// maxSmall bounds the files that are read whole. The largest, a checkpoint for every seal, has less than 300 bytes for
// each of maxSegments at most; what a log has after a hundred years is a tenth of this.
const maxSmall = 1 << 30

// readSmall reads a file that is not a segment.
func readSmall(path string) ([]byte, error) {
	f, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > maxSmall {
		return nil, fmt.Errorf("%s has %d bytes, %d at most were expected", filepath.Base(path), info.Size(), maxSmall)
	}
	return io.ReadAll(io.LimitReader(f, maxSmall))
}
