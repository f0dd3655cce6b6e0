package mapped

import "syscall"

// hugePage is MADV_HUGEPAGE.
const hugePage = 14

// Huge advises the system to back anonymous memory with large pages: random reads over hundreds of megabytes then miss
// the address cache far less. Each page touched costs 2 MiB at once, so it suits memory that is used whole.
func Huge(b []byte) {
	if len(b) > 0 {
		_ = syscall.Madvise(b, hugePage)
	}
}
