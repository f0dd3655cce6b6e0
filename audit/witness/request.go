package witness

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Request is what a log asks of a witness: to cosign a checkpoint that continues the one of size Old.
type Request struct {
	Old        uint64
	Proof      tlog.TreeProof
	Checkpoint []byte // a signed note
}

const (
	maxProof   = 63       // hashes
	maxRequest = 16 << 10 // bytes
)

// Encode returns the request's body: "old" and the size, a hash a line, an empty line, the checkpoint.
func (r *Request) Encode() []byte {
	b := fmt.Appendf(nil, "old %d\n", r.Old)
	for _, h := range r.Proof {
		b = append(b, h.String()+"\n"...)
	}
	return append(append(b, '\n'), r.Checkpoint...)
}

var errRequest = errors.New("not a request to add a checkpoint")

// parseRequest reads a body.
func parseRequest(b []byte) (*Request, error) {
	head, note, ok := bytes.Cut(b, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	size, isOld := strings.CutPrefix(lines[0], "old ")
	old, err := strconv.ParseUint(size, 10, 63)
	if !ok || !isOld || err != nil || strconv.FormatUint(old, 10) != size || len(lines)-1 > maxProof {
		return nil, errRequest
	}
	r := &Request{Old: old, Checkpoint: note}
	for _, l := range lines[1:] {
		h, err := tlog.ParseHash(l)
		if err != nil || h.String() != l {
			return nil, errRequest
		}
		r.Proof = append(r.Proof, h)
	}
	return r, nil
}

// checkpoint is what a witness reads of one.
type checkpoint struct {
	origin string
	size   uint64
	root   tlog.Hash
	// The verigate log's own line: the segment being written, how far it is vouched for and by which hash. A witness that
	// minds it sees the newest records cut back as well, not only sealed segments.
	segment, upTo uint64
	head          string
}

var errCheckpoint = errors.New("not a checkpoint")

func parseCheckpoint(text string) (c checkpoint, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || lines[len(lines)-1] != "" || lines[0] == "" {
		return c, errCheckpoint
	}
	c.origin = lines[0]
	if c.size, err = strconv.ParseUint(lines[1], 10, 63); err != nil || strconv.FormatUint(c.size, 10) != lines[1] {
		return c, errCheckpoint
	}
	if c.root, err = tlog.ParseHash(lines[2]); err != nil || c.root.String() != lines[2] {
		return c, errCheckpoint
	}
	for _, l := range lines[3 : len(lines)-1] {
		if l == "" {
			return c, errCheckpoint
		}
		if f := strings.Split(l, " "); len(f) == 4 && f[0] == "head" {
			segment, err1 := strconv.ParseUint(f[1], 10, 64)
			upTo, err2 := strconv.ParseUint(f[2], 10, 64)
			if errors.Join(err1, err2) != nil {
				return c, errCheckpoint
			}
			c.segment, c.upTo, c.head = segment, upTo, f[3]
		}
	}
	return c, nil
}

// rewinds tells whether the segment being written is not what an earlier checkpoint vouched for.
func (c *checkpoint) rewinds(earlier *checkpoint) bool {
	return earlier.segment != 0 && c.segment == earlier.segment &&
		(c.upTo < earlier.upTo || c.upTo == earlier.upTo && c.head != earlier.head)
}
