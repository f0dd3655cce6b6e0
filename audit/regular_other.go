//go:build !unix

package audit

import "os"

const openFlags = os.O_RDONLY
