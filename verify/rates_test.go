package verify_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry/nation"
	"github.com/verigate/verigate/registry/sample"
	"github.com/verigate/verigate/verify"
)

// `make matching-report` sets these; without them the same measurement runs small, as a test.
var (
	ratesPage     = flag.String("matching-page", "", "page whose table of rates is written anew")
	ratesVariants = flag.Int("matching-variants", 500, "pairs of one person's names for each way of writing")
	ratesMisses   = flag.Int("matching-misses", 5000, "pairs of two people's names for each way to be alike")
)

// What the matching rules promise.
const (
	maxFalseMatch    = 1e-6 // of marked claims
	maxFalseNonMatch = 0.01 // of each listed variant
)

// tally counts the rungs on which the pairs of one kind ended.
type tally struct {
	kind  string
	pairs int
	rungs [verify.Rungs]int
}

func (c *tally) add(p *verify.Policy, record, claim string) {
	rung, _ := verify.NameRung(p, []byte(record), []byte(claim))
	c.pairs++
	c.rungs[rung]++
}

func (c *tally) mismatches() int { return c.rungs[verify.RungMismatch] }

func (c *tally) agreed() int { return c.pairs - c.mismatches() }

// rungNames lists the rungs of agreements, the most frequent kind of page reader wants to see.
func (c *tally) rungNames() string {
	var parts []string
	for r, n := range c.rungs {
		if rung := verify.Rung(r); n > 0 && rung != verify.RungMismatch {
			parts = append(parts, fmt.Sprintf("%s %d", rung, n))
		}
	}
	return strings.Join(parts, ", ")
}

// rates are the measurements, in the order of the corpus.
type rates struct {
	variants, marked, bare []*tally
	natural                []*tally // every name of the nation in an old encoding, whether it can be told or not
}

func TestMatchingRates(t *testing.T) {
	n, err := nation.New(nation.Config{People: nation.MaxPeople, Seed: 1, Today: identity.Date{Year: 2026, Month: 11, Day: 21}})
	if err != nil {
		t.Fatal(err)
	}
	r := measure(t, n)
	for _, c := range append(r.variants, r.natural...) {
		if strings.HasSuffix(c.kind, "_one_letter") {
			continue // a claim nobody can tell from a misspelling; the natural share of these counts in r.natural
		}
		if rate := float64(c.mismatches()) / float64(c.pairs); rate > maxFalseNonMatch {
			t.Errorf("%s: %d of %d not recognised", c.kind, c.mismatches(), c.pairs)
		}
	}
	if agreed, pairs := total(r.marked); float64(agreed) > maxFalseMatch*float64(pairs) {
		t.Errorf("%d of %d marked claims of other people accepted", agreed, pairs)
	}
	if *ratesPage != "" {
		writePage(t, *ratesPage, r.page())
	}
}

// measure runs the whole corpus, a kind at a time on each processor.
func measure(t *testing.T, n *nation.Nation) (r rates) {
	t.Helper()
	var jobs []func() error
	plan := func(kind string, pairs int) *tally {
		c := &tally{kind: kind}
		jobs = append(jobs, func() error { return c.run(n, pairs) })
		return c
	}
	for _, kind := range sample.Variants() {
		r.variants = append(r.variants, plan(kind, *ratesVariants))
	}
	for _, kind := range sample.Misses() {
		if c := plan(kind, *ratesMisses); strings.HasSuffix(kind, "_unaccented") {
			r.bare = append(r.bare, c)
		} else {
			r.marked = append(r.marked, c)
		}
	}
	sweep := func(kind string, encode func(string) (string, bool)) {
		c := &tally{kind: kind}
		r.natural = append(r.natural, c)
		jobs = append(jobs, func() error { c.sweep(n, *ratesVariants*10, encode); return nil })
	}
	sweep("tcvn3, names as they come", sample.TCVN3)
	sweep("vni, names as they come", sample.VNI)
	queue := make(chan func() error, len(jobs))
	for _, job := range jobs {
		queue <- job
	}
	close(queue)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for job := range queue {
				if err := job(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	return r
}

// run counts pairs of the corpus.
func (c *tally) run(n *nation.Nation, pairs int) error {
	p := verify.DefaultPolicy()
	corpus := sample.NewCorpus(n, 1)
	for range pairs {
		pair, err := corpus.Next(c.kind)
		if err != nil {
			return err
		}
		c.add(&p, pair.Record, pair.Claim)
	}
	return nil
}

// sweep counts the names of people spread over the nation, those left alone that the encoding writes as they are.
func (c *tally) sweep(n *nation.Nation, pairs int, encode func(string) (string, bool)) {
	p := verify.DefaultPolicy()
	step := max(n.People()/(2*pairs), 1)
	for i := 0; i < n.People() && c.pairs < pairs; i += step {
		name, _, _ := n.Name(i)
		if claim, ok := encode(name); ok && claim != name {
			c.add(&p, name, claim)
		}
	}
}

func total(tallies []*tally) (agreed, pairs int) {
	for _, c := range tallies {
		agreed += c.agreed()
		pairs += c.pairs
	}
	return agreed, pairs
}

// page renders the tables.
func (r *rates) page() string {
	var b strings.Builder
	b.WriteString("\nOne person, written otherwise:\n\n| written | pairs | not recognised | agreed on the rungs |\n|---|--:|--:|---|\n")
	for _, c := range append(r.variants, r.natural...) {
		fmt.Fprintf(&b, "| %s | %d | %s | %s |\n", label(c.kind), c.pairs, share(c.mismatches(), c.pairs), c.rungNames())
	}
	table := func(title string, tallies []*tally) {
		fmt.Fprintf(&b, "\n%s\n\n| alike by | pairs | accepted | on the rungs |\n|---|--:|--:|---|\n", title)
		for _, c := range tallies {
			fmt.Fprintf(&b, "| %s | %d | %s | %s |\n", label(c.kind), c.pairs, share(c.agreed(), c.pairs), c.rungNames())
		}
		agreed, pairs := total(tallies)
		fmt.Fprintf(&b, "| **all** | **%d** | **%s** | |\n", pairs, share(agreed, pairs))
	}
	table("Two people, claim with marks:", r.marked)
	table("Two people, claim without any mark:", r.bare)
	b.WriteString("\n")
	return b.String()
}

func label(kind string) string {
	return strings.ReplaceAll(strings.TrimSuffix(kind, "_unaccented"), "_", " ")
}

func share(part, whole int) string {
	switch percent := 100 * float64(part) / float64(whole); {
	case part == 0:
		return "0"
	case percent < 0.01:
		return fmt.Sprintf("%d (%.2g %%)", part, percent)
	default:
		return fmt.Sprintf("%d (%.2f %%)", part, percent)
	}
}

// writePage puts text between the two marks of a page.
func writePage(t *testing.T, file, text string) {
	t.Helper()
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- rates: written by make matching-report -->\n", "<!-- end of rates -->"
	head, rest, ok := bytes.Cut(page, []byte(begin))
	_, tail, ok2 := bytes.Cut(rest, []byte(end))
	if !ok || !ok2 {
		t.Fatalf("%s: the marks around the rates are missing", file)
	}
	if err := os.WriteFile(file, []byte(string(head)+begin+text+end+string(tail)), 0o644); err != nil {
		t.Fatal(err)
	}
}
