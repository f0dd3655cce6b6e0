package gateway

import (
	"bytes"
	"io"
)

// lines cuts a stream into lines without ever holding more than a window of it.
type lines struct {
	r       io.Reader
	buf     []byte // the window; its size is the longest line plus one
	start   int    // first byte not yet handed out
	end     int    // end of what was read
	err     error
	skipped bool // inside a line that was too long: drop up to its end
}

func newLines(r io.Reader, size int) *lines { return &lines{r: r, buf: make([]byte, size)} }

// ready tells whether a whole line is here already, so that taking it does not wait for the sender.
func (l *lines) ready() bool { return bytes.IndexByte(l.buf[l.start:l.end], '\n') >= 0 }

// next returns the next line without its end, a view that is good until the next call. long means that the line was
// longer than limit; its text is lost. At the end of the stream err is io.EOF; a last line need not have an end.
func (l *lines) next(limit int) (line []byte, long bool, err error) {
	for {
		if i := bytes.IndexByte(l.buf[l.start:l.end], '\n'); i >= 0 {
			line, long = l.cut(l.buf[l.start:l.start+i], limit)
			l.start += i + 1
			return line, long, nil
		}
		if l.err != nil {
			return l.last(limit)
		}
		l.fill(limit)
	}
}

// fill reads more, after making room: by moving what is left of the window, or by dropping the head of a line that can
// only be too long.
func (l *lines) fill(limit int) {
	switch {
	case l.end-l.start > limit+1:
		l.start, l.end, l.skipped = 0, 0, true
	case l.start > 0:
		l.end = copy(l.buf, l.buf[l.start:l.end])
		l.start = 0
	}
	n, err := l.r.Read(l.buf[l.end:])
	l.end += n
	l.err = err
}

func (l *lines) last(limit int) ([]byte, bool, error) {
	rest := l.buf[l.start:l.end]
	l.start = l.end
	if (len(rest) == 0 && !l.skipped) || l.err != io.EOF { //nolint:errorlint // readers return it bare
		return nil, false, l.err
	}
	line, long := l.cut(rest, limit)
	return line, long, nil
}

func (l *lines) cut(line []byte, limit int) (_ []byte, long bool) {
	line = bytes.TrimSuffix(line, []byte{'\r'})
	long = l.skipped || len(line) > limit
	l.skipped = false
	return line, long
}
