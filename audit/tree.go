package audit

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// tree is the Merkle tree of RFC 6962 over the seals. A log has thousands of segments, not millions: it fits in memory
// and is computed from the seals at every start.
type tree struct {
	leaves []seal
	hashes []tlog.Hash
}

// ReadHashes implements [tlog.HashReader].
func (t *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x < 0 || x >= int64(len(t.hashes)) {
			return nil, fmt.Errorf("the tree has no hash %d", x)
		}
		out[i] = t.hashes[x]
	}
	return out, nil
}

func (t *tree) add(s seal) error {
	hashes, err := tlog.StoredHashes(int64(len(t.leaves)), s.encode(), t)
	if err != nil {
		return fmt.Errorf("adding a seal to the tree: %w", err)
	}
	t.leaves = append(t.leaves, s)
	t.hashes = append(t.hashes, hashes...)
	return nil
}

// root returns the tree's hash when it had n leaves.
func (t *tree) root(n uint64) (tlog.Hash, error) { return tlog.TreeHash(int64(n), t) }

// start is where the chain of the segment after this seal begins.
func (s *seal) start() chainHash { return chainHash(tlog.RecordHash(s.encode())) }

// checkpoint is what is signed: the C2SP tlog-checkpoint form with one extension line for the head of the segment that
// is being written, if it has a link already.
type checkpoint struct {
	log  logID
	size uint64
	root tlog.Hash
	head head
}

// head names a link: the segment, the offset up to which the link covers it, and the chain's value there.
type head struct {
	segment, upTo uint64
	hash          chainHash
}

const originPrefix = "verigate/audit/"

func (c *checkpoint) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s\n%d\n%s\n", originPrefix, hex.EncodeToString(c.log[:]), c.size, c.root)
	if c.head.segment != 0 {
		fmt.Fprintf(&b, "head %d %d %s\n", c.head.segment, c.head.upTo, base64.StdEncoding.EncodeToString(c.head.hash[:]))
	}
	return b.String()
}

var errCheckpoint = errors.New("it is not a checkpoint of an audit log")

func parseCheckpoint(text string) (c checkpoint, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || len(lines) > 5 || lines[len(lines)-1] != "" {
		return c, errCheckpoint
	}
	id, ok := strings.CutPrefix(lines[0], originPrefix)
	b, err := hex.DecodeString(id)
	if !ok || err != nil || len(b) != len(c.log) {
		return c, errCheckpoint
	}
	copy(c.log[:], b)
	if c.size, err = strconv.ParseUint(lines[1], 10, 63); err != nil {
		return c, errCheckpoint
	}
	if c.root, err = tlog.ParseHash(lines[2]); err != nil {
		return c, errCheckpoint
	}
	if len(lines) == 5 {
		c.head, err = parseHead(lines[3])
	}
	if err == nil && c.text() != text {
		err = errCheckpoint
	}
	return c, err
}

func parseHead(line string) (h head, err error) {
	f := strings.Split(line, " ")
	if len(f) != 4 || f[0] != "head" {
		return h, errCheckpoint
	}
	segment, err1 := strconv.ParseUint(f[1], 10, 64)
	upTo, err2 := strconv.ParseUint(f[2], 10, 64)
	hash, err3 := base64.StdEncoding.DecodeString(f[3])
	if errors.Join(err1, err2, err3) != nil || len(hash) != len(h.hash) || segment == 0 {
		return h, errCheckpoint
	}
	return head{segment, upTo, chainHash(hash)}, nil
}

func (c *checkpoint) sign(s note.Signer) ([]byte, error) {
	b, err := note.Sign(&note.Note{Text: c.text()}, s)
	if err != nil {
		return nil, fmt.Errorf("signing a checkpoint: %w", err)
	}
	return b, nil
}

// openCheckpoint checks the signature; further signatures, of witnesses, are allowed and not looked at.
func openCheckpoint(b []byte, v note.Verifier) (c checkpoint, err error) {
	n, err := note.Open(b, note.VerifierList(v))
	if err != nil {
		return c, fmt.Errorf("its signature is not good for this log: %w", err)
	}
	return parseCheckpoint(n.Text)
}

// splitCheckpoints cuts a file of checkpoints, one after the other, into notes: text, an empty line, signature lines
// that begin with a dash.
func splitCheckpoints(b []byte) (notes [][]byte) {
	for len(b) > 0 {
		end := noteEnd(b)
		notes = append(notes, b[:end])
		b = b[end:]
	}
	return notes
}

func noteEnd(b []byte) int {
	text := string(b)
	i := strings.Index(text, "\n\n")
	if i < 0 {
		return len(b)
	}
	for i += 2; strings.HasPrefix(text[i:], "— "); {
		n := strings.IndexByte(text[i:], '\n')
		if n < 0 {
			return len(b)
		}
		i += n + 1
	}
	return i
}

// tornNote tells whether b is the beginning, and no more, of the checkpoint cp with the tree's root: what a crash
// leaves of one that was being written.
func tornNote(b []byte, cp checkpoint, t *tree, v note.Verifier) bool {
	if cp.size > uint64(len(t.leaves)) {
		return false
	}
	root, err := t.root(cp.size)
	if err != nil {
		return false
	}
	cp.root = root
	whole := cp.text() + "\n— " + v.Name() + " "
	if len(b) <= len(whole) {
		return strings.HasPrefix(whole, string(b))
	}
	const signature = 92 + 1 // base64 of a key hash and an Ed25519 signature, and the line's end
	rest, ok := strings.CutPrefix(string(b), whole)
	return ok && len(rest) < signature && strings.Trim(rest, base64Alphabet) == ""
}

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
