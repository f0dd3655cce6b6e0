// Package watch tells when files that belong together have changed, by looking at them: a file system without
// notifications (a network, a container's mount) is the normal case for certificates, keys and lists.
//
// It promises that a change is reported once the files have looked the same for one interval, so that files which are
// replaced one after the other, or written in place, are read when whole. It reads nothing itself.
package watch

import (
	"context"
	"os"
	"time"
)

// stamp tells whether a file is worth reading again. A file that is not there has the zero stamp.
type stamp struct {
	modified time.Time
	size     int64
	info     os.FileInfo
}

func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}
	}
	return stamp{modified: info.ModTime(), size: info.Size(), info: info}
}

func (s stamp) same(t stamp) bool {
	if s.info == nil || t.info == nil {
		return s.info == nil && t.info == nil
	}
	return os.SameFile(s.info, t.info) && s.size == t.size && s.modified.Equal(t.modified)
}

// Files are files that are read together. They are not safe for concurrent use.
type Files struct {
	paths      []string
	read, last []stamp // as they were when reported, and when looked at last
}

// New watches the files from how they are now; empty paths are left out.
func New(paths ...string) *Files {
	f := new(Files)
	for _, p := range paths {
		if p != "" {
			f.paths = append(f.paths, p)
		}
	}
	f.read = f.look()
	f.last = f.read
	return f
}

func (f *Files) look() []stamp {
	all := make([]stamp, len(f.paths))
	for i, p := range f.paths {
		all[i] = stampOf(p)
	}
	return all
}

// Changed tells whether a file is another than at the last report and none has changed since the last look.
func (f *Files) Changed() bool {
	now := f.look()
	settled := same(now, f.last)
	f.last = now
	if !settled || same(now, f.read) {
		return false
	}
	f.read = now
	return true
}

func same(a, b []stamp) bool {
	for i := range a {
		if !a[i].same(b[i]) {
			return false
		}
	}
	return true
}

// Run looks every so often, calls changed after each change, and returns when ctx ends. A change is called for within
// two intervals after the last of the files was written.
func (f *Files) Run(ctx context.Context, every time.Duration, changed func()) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if f.Changed() {
				changed()
			}
		}
	}
}
