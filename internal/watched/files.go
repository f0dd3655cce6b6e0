package watched

import (
	"context"
	"time"
)

// Files are files that are read together. They are not safe for concurrent use.
type Files struct {
	paths      []string
	read, last []stamp // as they were when reported, and when looked at last
}

// Together watches the files from how they are now; empty paths are left out.
func Together(paths ...string) *Files {
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
		all[i], _ = stampOf(p) // a file that is not there has the zero stamp
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
		if missing := a[i].info == nil && b[i].info == nil; !missing && !a[i].same(b[i]) {
			return false
		}
	}
	return true
}

// Run looks every so often, calls changed after each change, and returns when ctx ends. A change is called for within
// two intervals after the last of the files was written.
func (f *Files) Run(ctx context.Context, every time.Duration, changed func()) {
	look(ctx, every, f.Changed, changed)
}

// Run is [Files.Run] for one file.
func (f *File) Run(ctx context.Context, every time.Duration, changed func()) {
	look(ctx, every, f.Changed, changed)
}

func look(ctx context.Context, every time.Duration, differs func() bool, changed func()) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if differs() {
				changed()
			}
		}
	}
}
