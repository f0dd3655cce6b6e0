package gateway_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// What follows reads a field policy with another reader and other words than the program's, on purpose: it is what the
// program is held against.

var (
	coverageWords = []string{"card", "code", "validity", "facility", "benefit", "area", "five_years"}
	personWords   = []string{"name", "dob", "sex", "address", "office"}
	dataWords     = append(append([]string{"note"}, coverageWords...), personWords...)
	outcomeWords  = []string{"match", "mismatch", "not_found", "out_of_register", "superseded", "inactive"}

	// placeFor is what a reply has a place for when claims agree; of it only results and data on a mismatch.
	placeFor = map[string][]string{
		"lookup":         append([]string{"results", "reason", "deceased", "holder", "successor"}, coverageWords...),
		"verify":         {"results"},
		"batch":          {"results"},
		"portal_2017":    {"results", "reason"},
		"portal_595":     {"results", "reason", "holder", "name", "sex", "address", "office", "validity", "facility", "area", "five_years"},
		"portal_2018":    portalWords(),
		"portal_2019":    portalWords(),
		"portal_2024":    portalWords(),
		"portal_history": {"results", "reason", "holder", "note"},
	}
)

func portalWords() []string {
	return slices.DeleteFunc(append([]string{"results", "reason", "holder", "successor"}, dataWords...), func(w string) bool { return w == "benefit" })
}

// words is a set of parts by name.
type words map[string]bool

func wordsOf(lists ...[]string) words {
	out := words{}
	for _, l := range lists {
		for _, w := range l {
			switch w {
			case "coverage":
				out.add(coverageWords)
			case "person":
				out.add(personWords)
			default:
				out[w] = true
			}
		}
	}
	return out
}

func (w words) add(list []string) {
	for _, s := range list {
		w[s] = true
	}
}

// only keeps what is in list.
func (w words) only(list []string) words {
	out := words{}
	for _, s := range list {
		if w[s] {
			out[s] = true
		}
	}
	return out
}

func (w words) String() string {
	var all []string
	for s, in := range w {
		if in {
			all = append(all, s)
		}
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// readRule is a rule as it stands in the file.
type readRule struct {
	Callers, Purposes, Calls, Outcomes, Found, Mismatch []string
	CallerMay                                           []string `yaml:"caller_may"`
}

// readPolicy returns every combination's rule.
func readPolicy(t *testing.T, text []byte) map[[3]string]*readRule {
	t.Helper()
	var f struct {
		Rules []*readRule
	}
	if err := yaml.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	cells := map[[3]string]*readRule{}
	for _, r := range f.Rules {
		if r.Outcomes == nil {
			r.Outcomes = outcomeWords
		}
		for _, k := range r.Callers {
			for _, p := range r.Purposes {
				for _, c := range r.Calls {
					cells[[3]string{k, p, c}] = r
				}
			}
		}
	}
	return cells
}

// own are the switches of a caller's entry: "" says nothing, "on" or "off".
type own struct{ details, disclose, deceased string }

// may returns what may be told with an outcome to a caller with the switches, place or no place; told is false when not
// even the outcome may be.
func (r *readRule) may(outcome string, o own, portal bool) (allowed words, told bool) {
	found, mismatch := wordsOf(r.Found), wordsOf(r.Mismatch)
	widen := func(name string) bool { return slices.Contains(r.CallerMay, name) }
	switch {
	case o.deceased == "on" && widen("show_deceased"):
		found["deceased"] = true
	case o.deceased == "off":
		delete(found, "deceased")
	}
	switch {
	case o.disclose == "on" && widen("disclose_on_mismatch"):
		for w := range wordsOf(r.Found).only(dataWords) {
			mismatch[w] = true
		}
	case o.disclose == "off":
		for _, w := range dataWords {
			delete(mismatch, w)
		}
	}
	switch {
	case o.details == "on" && widen("mismatch_details"):
		mismatch["results"] = true
	case o.details == "off":
		delete(mismatch, "results")
	}
	told = slices.Contains(r.Outcomes, outcome)
	switch outcome {
	case "mismatch":
		return mismatch, told && (mismatch["results"] || !portal)
	case "out_of_register":
		return found.only([]string{"holder"}), told
	case "not_found", "unavailable":
		return words{}, told || outcome == "unavailable"
	}
	return found, told
}

// randomPolicy writes a policy that no office would: every kind and call with a few purposes, outcomes and parts.
func randomPolicy(seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	some := func(list []string, share float64) (out []string) {
		for _, s := range list {
			if r.Float64() < share {
				out = append(out, s)
			}
		}
		return out
	}
	var b strings.Builder
	b.WriteString("format: 1\nrules:\n")
	for _, kind := range []string{"clinic", "agency", "laboratory", "operator"} {
		for _, call := range []string{"lookup", "verify", "batch", "portal"} {
			place := placeFor[call]
			if call == "portal" {
				place = append([]string{"deceased"}, placeFor["portal_2019"]...)
				place = slices.DeleteFunc(place, func(w string) bool { return w == "results" })
			}
			found := some(place, 0.6)
			may := []string{"mismatch_details"}
			if slices.Contains(found, "reason") {
				may = append(may, "show_deceased")
			} else {
				found = slices.DeleteFunc(found, func(w string) bool { return w == "deceased" })
			}
			mismatch := some([]string{"results"}, 0.7)
			if call == "portal" {
				may = append(may, "disclose_on_mismatch")
				mismatch = append(mismatch, some(slices.DeleteFunc(slices.Clone(found), func(w string) bool { return !slices.Contains(dataWords, w) }), 0.3)...)
			}
			outcomes := append(some(outcomeWords, 0.7), "match")
			slices.Sort(outcomes)
			purposes := append(some([]string{"treatment", "claim", "registration", "reconciliation"}, 0.6), "test")
			fmt.Fprintf(&b, "  - {callers: [%s], calls: [%s], purposes: [%s], outcomes: [%s], found: [%s], mismatch: [%s], caller_may: [%s]}\n", kind, call,
				strings.Join(purposes, ", "), strings.Join(slices.Compact(outcomes), ", "), strings.Join(found, ", "), strings.Join(mismatch, ", "), strings.Join(some(may, 0.5), ", "))
		}
	}
	return []byte(b.String())
}
