// Package watched tells when a file, or files that belong together, are worth reading again. Files are looked at rather
// than listened to: on network file systems and container mounts, where configuration lives, nobody sends notifications.
//
// A single file that was replaced is whole. One that was written in place may not be yet, so it counts as changed only
// once it has looked the same twice; and so do files that are replaced one after the other.
package watched

import (
	"fmt"
	"io"
	"os"
	"time"
)

// File is one file that is read now and then. It is not safe for concurrent use; the zero File has not been read yet.
type File struct {
	Path  string
	Limit int64 // bytes; a longer file is refused

	seen, growing stamp
}

type stamp struct {
	modified time.Time
	size     int64
	info     os.FileInfo
}

func (s stamp) same(t stamp) bool {
	return s.inode(t) && s.size == t.size && s.modified.Equal(t.modified)
}

func (s stamp) inode(t stamp) bool {
	return s.info != nil && t.info != nil && os.SameFile(s.info, t.info)
}

// Changed tells whether the file is another than [File.Read] last saw, and settled. A file that is gone has changed.
func (f *File) Changed() bool {
	now, err := stampOf(f.Path)
	switch {
	case err != nil:
		return true
	case now.same(f.seen):
		return false
	case now.inode(f.seen) && !now.same(f.growing):
		f.growing = now
		return false
	}
	return true
}

// Read returns the file's content and remembers its looks, also those of a file that turns out to be no good.
func (f *File) Read() ([]byte, error) {
	mark, err := stampOf(f.Path)
	if err != nil {
		f.seen = stamp{} // when it comes back it is worth reading, even if it is the same
		return nil, err
	}
	in, err := os.Open(f.Path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, f.Limit+1))
	if err != nil {
		return nil, err
	}
	f.seen = mark
	if int64(len(text)) > f.Limit {
		return nil, fmt.Errorf("%s is longer than %d bytes", f.Path, f.Limit)
	}
	return text, nil
}

func stampOf(path string) (stamp, error) {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}, err
	}
	return stamp{modified: info.ModTime(), size: info.Size(), info: info}, nil
}
