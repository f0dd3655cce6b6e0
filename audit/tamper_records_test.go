package audit_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/verigate/verigate/audit"
	"github.com/verigate/verigate/config"
)

// rich makes a stopped log of several segments with every type of record in each, links in between.
func rich(t testing.TB, segments int) audit.Config {
	t.Helper()
	cfg := settings(t, func(c *audit.Config) {
		c.SegmentSize, c.LinkEvery = 1<<20, config.Duration(100*time.Millisecond)
	})
	for range segments {
		l := open(t, cfg)
		for burst := range 3 {
			fill(t, l, 20)
			for i := range 8 {
				address := netip.AddrFrom4([4]byte{192, 0, byte(burst), byte(i)})
				if err := l.Refused(nil, address, "key_unknown"); err != nil {
					t.Fatal(err)
				}
				if err := l.Event("config", "gateway", "burst", itoa(burst), "number", itoa(i)); err != nil {
					t.Fatal(err)
				}
			}
			fill(t, l, 20)
			time.Sleep(250 * time.Millisecond) // a link is written meanwhile
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return cfg
}

// piece is a frame as it lies in a file.
type piece struct {
	off  int
	kind audit.Type
	b    []byte
}

// split cuts a file into what stands before the frames and the frames.
func split(b []byte, from int) (head []byte, pieces []piece) {
	for off := from; off+24 <= len(b); {
		n := int(binary.LittleEndian.Uint32(b[off:]))
		if n == 0 || off+n > len(b) {
			break
		}
		pieces = append(pieces, piece{off, audit.Type(b[off+16]), b[off : off+n]})
		off += n
	}
	return b[:from], pieces
}

func joined(head []byte, pieces []piece) []byte {
	out := bytes.Clone(head)
	for _, p := range pieces {
		out = append(out, p.b...)
	}
	return out
}

// renumbered gives frames rising sequence numbers and right checksums, as a forger would.
func renumbered(pieces []piece) []piece {
	first := audit.Seq(pieces[0].b)
	out := make([]piece, len(pieces))
	for i, p := range pieces {
		p.b = bytes.Clone(p.b)
		audit.SetSeq(p.b, first+uint64(i))
		out[i] = p
	}
	return out
}

// forger changes frame i and returns all of them. Donors are frames of the same type from all of the log.
type forger func(pieces []piece, i int, donors [][]byte) []piece

// forgeries are what can be done to a record by who knows the format but has no key.
var forgeries = map[string]forger{
	"edited": func(ps []piece, i int, _ [][]byte) []piece {
		f := bytes.Clone(ps[i].b)
		f[20+rand.IntN(len(f)-20-int(f[17]))] ^= byte(1 + rand.IntN(255))
		audit.Rehash(f)
		ps[i].b = f
		return ps
	},
	"edited, checksum left": func(ps []piece, i int, _ [][]byte) []piece {
		f := bytes.Clone(ps[i].b)
		f[4+rand.IntN(len(f)-4)] ^= byte(1 + rand.IntN(255))
		ps[i].b = f
		return ps
	},
	"deleted": func(ps []piece, i int, _ [][]byte) []piece { return renumbered(slices.Delete(ps, i, i+1)) },
	"deleted, not renumbered": func(ps []piece, i int, _ [][]byte) []piece {
		return slices.Delete(ps, i, i+1)
	},
	"reordered": func(ps []piece, i int, _ [][]byte) []piece {
		j := rand.IntN(len(ps))
		for j == i {
			j = rand.IntN(len(ps))
		}
		ps[i], ps[j] = ps[j], ps[i]
		return renumbered(ps)
	},
	"inserted": func(ps []piece, i int, _ [][]byte) []piece {
		return renumbered(slices.Insert(ps, i, ps[i]))
	},
	"forged": func(ps []piece, i int, donors [][]byte) []piece {
		seq := audit.Seq(ps[i].b)
		for {
			f := bytes.Clone(donors[rand.IntN(len(donors))])
			if !bytes.Equal(f, ps[i].b) {
				audit.SetSeq(f, seq)
				ps[i].b = f
				return ps
			}
		}
	},
	"truncated": func(ps []piece, i int, _ [][]byte) []piece { return ps[:i] },
	"truncated inside": func(ps []piece, i int, _ [][]byte) []piece {
		ps[i].b = ps[i].b[:1+rand.IntN(len(ps[i].b)-1)]
		return ps[:i+1]
	},
	"truncated and filled up": func(ps []piece, i int, _ [][]byte) []piece { return append(ps[:i:i], piece{b: make([]byte, 4096)}) },
	"truncated and continued": func(ps []piece, i int, donors [][]byte) []piece {
		seq := audit.Seq(ps[i].b)
		out := slices.Clone(ps[:i])
		for n := range uint64(len(ps) - i) {
			f := bytes.Clone(donors[rand.IntN(len(donors))])
			audit.SetSeq(f, seq+n)
			out = append(out, piece{b: f})
		}
		return out
	},
}

// Every type of record, tampered with in every way at random places, is found, and the place named is the record's own
// or the stretch between two links that holds it.
func TestForgedRecords(t *testing.T) {
	const header = 128
	cfg := rich(t, 3)
	names := segmentsOf(t, cfg.Dir)
	whole := map[string][]byte{}
	donors := map[audit.Type][][]byte{}
	for _, name := range names {
		whole[name] = readFile(t, filepath.Join(cfg.Dir, name))
		_, pieces := split(whole[name], header)
		for _, p := range pieces {
			donors[p.kind] = append(donors[p.kind], p.b)
		}
	}
	for _, kind := range []audit.Type{audit.TypeDecision, audit.TypeCount, audit.TypeEvent, audit.TypeLink, audit.TypeSeal} {
		for what, forge := range forgeries {
			t.Run(kind.String()+" "+what, func(t *testing.T) {
				for range *places {
					name := names[rand.IntN(len(names))]
					head, pieces := split(whole[name], header)
					i := pick(pieces, kind)
					b := joined(head, forge(slices.Clone(pieces), i, donors[kind]))
					at := commonPrefix(b, whole[name])
					if at == len(b) && at == len(whole[name]) {
						continue // random bytes that came out as they were
					}
					r := tampered(t, audit.VerifyConfig{Dir: cfg.Dir}, map[string][]byte{name: b})
					holdPlace(t, r, name, at, stretch(pieces, at))
				}
			})
		}
	}
}

func pick(pieces []piece, kind audit.Type) int {
	for {
		if i := rand.IntN(len(pieces)); pieces[i].kind == kind {
			return i
		}
	}
}

func commonPrefix(a, b []byte) (n int) {
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// stretch returns where the stretch that holds an offset begins: up to where the last link before it covers.
func stretch(pieces []piece, at int) (from int) {
	for _, p := range pieces {
		if p.kind == audit.TypeLink && p.off+len(p.b) <= at {
			from = int(binary.LittleEndian.Uint64(p.b[28:]))
		}
	}
	return from
}

// holdPlace fails unless the first thing found in the file is there: noticed at the first changed byte or later, and
// vouched for no further than that byte, but at least as far as the links before it reach.
func holdPlace(t *testing.T, r *audit.Report, name string, at, from int) {
	t.Helper()
	i := slices.IndexFunc(r.Findings, func(f audit.Finding) bool { return f.File == name })
	if i < 0 {
		t.Fatalf("%s is not named; findings: %v", name, r.Findings)
	}
	const frame = 200 // a change is noticed at the frame it is in
	if f := r.Findings[i]; f.Sound < int64(from) || f.Sound > int64(at) || f.Offset+frame < int64(at) {
		t.Errorf("%s, changed at %d behind the link up to %d, is named %v", name, at, from, f)
	}
}

// A seal among the seals, tampered with in every way, is found, and the file is named.
func TestForgedSeals(t *testing.T) {
	cfg := written(t, 6, 20)
	whole := readFile(t, filepath.Join(cfg.Dir, "seals"))
	other := readFile(t, filepath.Join(written(t, 6, 20).Dir, "seals"))
	_, strange := split(other, 0)
	donors := make([][]byte, len(strange))
	for i, p := range strange {
		donors[i] = p.b
	}
	for what, forge := range forgeries {
		t.Run(what, func(t *testing.T) {
			for range *places {
				_, pieces := split(whole, 0)
				i := rand.IntN(len(pieces))
				b := joined(nil, forge(slices.Clone(pieces), i, donors))
				r := tampered(t, audit.VerifyConfig{Dir: cfg.Dir}, map[string][]byte{"seals": b})
				if bytes.Equal(b, whole) || slices.ContainsFunc(r.Notes, func(n string) bool { return strings.HasPrefix(n, "seals: ") }) && r.Sound() {
					t.Errorf("seal %d: taken for what a crash leaves: %v", i, r.Notes)
				}
				named(t, r, fmt.Sprintf("seal %d", i+1), "seals")
			}
		})
	}
}

// A seal that claims a length no file can have is refused, not believed.
func TestSealOfImpossibleLength(t *testing.T) {
	cfg := written(t, 2, 5)
	_, pieces := split(readFile(t, filepath.Join(cfg.Dir, "seals")), 0)
	f := bytes.Clone(pieces[1].b)
	const length = 20 + 16 + 5*8 // behind the log's id and five numbers
	binary.LittleEndian.PutUint64(f[length:], 1<<63+1000)
	audit.Rehash(f)
	pieces[1].b = f
	r := tampered(t, audit.VerifyConfig{Dir: cfg.Dir}, map[string][]byte{"seals": joined(nil, pieces)})
	named(t, r, "a length of 2^63", "seals")
}

// A checkpoint among the checkpoints, tampered with in every way, is found, and the file is named.
func TestForgedCheckpoints(t *testing.T) {
	cfg := written(t, 6, 20)
	whole := audit.SplitCheckpoints(readFile(t, filepath.Join(cfg.Dir, "checkpoints")))
	strange := audit.SplitCheckpoints(readFile(t, filepath.Join(written(t, 6, 20).Dir, "checkpoints")))
	ways := map[string]func(notes [][]byte, i int) [][]byte{
		"edited": func(notes [][]byte, i int) [][]byte {
			n := bytes.Clone(notes[i])
			n[rand.IntN(len(n))] ^= byte(1 + rand.IntN(255))
			notes[i] = n
			return notes
		},
		"deleted": func(notes [][]byte, i int) [][]byte { return slices.Delete(notes, i, i+1) },
		"reordered": func(notes [][]byte, i int) [][]byte {
			j := (i + 1 + rand.IntN(len(notes)-1)) % len(notes)
			notes[i], notes[j] = notes[j], notes[i]
			return notes
		},
		"inserted":  func(notes [][]byte, i int) [][]byte { return slices.Insert(notes, i, notes[i]) },
		"forged":    func(notes [][]byte, i int) [][]byte { notes[i] = strange[i]; return notes },
		"truncated": func(notes [][]byte, i int) [][]byte { return notes[:i] },
		"truncated inside": func(notes [][]byte, i int) [][]byte {
			notes[i] = notes[i][:1+rand.IntN(len(notes[i])-1)]
			return notes[:i+1]
		},
		"truncated and continued": func(notes [][]byte, i int) [][]byte { return append(notes[:i:i], strange[i:]...) },
	}
	for what, forge := range ways {
		t.Run(what, func(t *testing.T) {
			for range *places {
				i := rand.IntN(len(whole))
				b := bytes.Join(forge(slices.Clone(whole), i), nil)
				r := tampered(t, audit.VerifyConfig{Dir: cfg.Dir}, map[string][]byte{"checkpoints": b})
				named(t, r, fmt.Sprintf("checkpoint %d", i+1), "checkpoints")
			}
		})
	}
}
