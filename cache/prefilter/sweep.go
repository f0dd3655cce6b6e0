package prefilter

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

// abandoned is how old a half-written file must be before nobody can be writing it any more.
const abandoned = time.Hour

// sweep removes what a process that was killed while it saved a generation to path has left beside it: half a gigabyte
// each time. What cannot be removed stays.
func sweep(path string) {
	dir, prefix := filepath.Dir(path), "."+filepath.Base(path)+"-"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		number, ok := strings.CutPrefix(e.Name(), prefix)
		if !ok || strings.Trim(number, "0123456789") != "" {
			continue
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > abandoned {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}
