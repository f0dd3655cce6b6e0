//go:build amd64 || arm64

package audit

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// flusher puts files on the disk without taking a processor along. Whoever calls fdatasync keeps its processor until the
// runtime notices, which with one of them is as long as the disk takes. So the kernel is asked to flush in the background
// (Linux asynchronous I/O; flushing since 4.18) and says that it has by an event, which the runtime waits for as it waits
// for sockets. Where the kernel will not, fdatasync has to do. It is not safe for concurrent use.
type flusher struct {
	queue uintptr  // the kernel's; 0: it will not
	event *os.File // becomes readable when a flush has ended
	fd    int      // the event's
}

// newFlusher never fails: without a queue every flush is made by fdatasync.
func newFlusher() *flusher {
	f := new(flusher)
	if _, _, no := unix.Syscall(unix.SYS_IO_SETUP, 1, uintptr(unsafe.Pointer(&f.queue)), 0); no != 0 {
		return new(flusher)
	}
	var err error
	if f.fd, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		f.close()
		return f
	}
	f.event = os.NewFile(uintptr(f.fd), "flushed")
	return f
}

func (f *flusher) close() {
	if f.queue != 0 {
		_, _, _ = unix.Syscall(unix.SYS_IO_DESTROY, f.queue, 0, 0)
	}
	if f.event != nil {
		_ = f.event.Close()
	}
	*f = flusher{}
}

// sync does and promises what [syncData] does.
func (f *flusher) sync(file *os.File) error {
	if f.queue == 0 || !f.submit(file) {
		return syncData(file)
	}
	var ended [8]byte
	if _, err := f.event.Read(ended[:]); err != nil {
		return fmt.Errorf("waiting for a flush: %w", err)
	}
	return f.outcome()
}

// submit asks for a flush; false when the kernel refuses, and then it is not asked again.
func (f *flusher) submit(file *os.File) bool {
	// struct iocb of linux/aio_abi.h, as it lies in memory where the lowest byte comes first.
	c := struct {
		data      uint64
		key, mode uint32
		opcode    uint16
		priority  int16
		file      uint32
		buf, size uint64
		offset    int64
		reserved  uint64
		flags     uint32
		event     uint32
	}{opcode: dataSync, file: uint32(file.Fd()), flags: tellByEvent, event: uint32(f.fd)}
	list := [1]unsafe.Pointer{unsafe.Pointer(&c)}
	n, _, _ := unix.Syscall(unix.SYS_IO_SUBMIT, f.queue, 1, uintptr(unsafe.Pointer(&list)))
	runtime.KeepAlive(&c)
	if n != 1 {
		f.close()
		return false
	}
	return true
}

const (
	dataSync    = 3 // IOCB_CMD_FDSYNC
	tellByEvent = 1 // IOCB_FLAG_RESFD
)

// outcome takes the result of a flush that has ended from the queue.
func (f *flusher) outcome() error {
	var e struct { // struct io_event
		data, control uint64
		result, more  int64
	}
	n, _, no := unix.Syscall6(unix.SYS_IO_GETEVENTS, f.queue, 1, 1, uintptr(unsafe.Pointer(&e)), 0, 0)
	for no == unix.EINTR {
		n, _, no = unix.Syscall6(unix.SYS_IO_GETEVENTS, f.queue, 1, 1, uintptr(unsafe.Pointer(&e)), 0, 0)
	}
	switch {
	case n != 1:
		return os.NewSyscallError("io_getevents", no)
	case e.result < 0:
		return os.NewSyscallError("fdatasync", unix.Errno(-e.result))
	}
	return nil
}
