//go:build unix

package audit

import (
	"os"

	"golang.org/x/sys/unix"
)

// openFlags keep whoever opens a file of a folder that somebody else filled from following a link out of it and from
// waiting for the other end of a pipe.
const openFlags = os.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK
