// Command freshness measures how soon a change at the registry is what every gateway says: three gateways with one Redis
// in front of one reference registry, all real processes. Somebody is born, or a card that every gateway has just been
// asked about is recalled, or its holder dies; each gateway is asked again and again until its answer is the new one.
package main

import (
	"flag"
	"fmt"
	"os"
)

type options struct {
	verigate, commit, results, page string
	people, rounds                  int
}

func main() {
	var o options
	flag.StringVar(&o.verigate, "verigate", "bin/verigate", "the binary under test")
	flag.StringVar(&o.commit, "commit", "unknown", "what the result is filed under")
	flag.StringVar(&o.results, "results", "bench/results", "folder for the result")
	flag.StringVar(&o.page, "page", "docs/freshness.md", "page whose table is written; empty: none")
	flag.IntVar(&o.people, "people", 1_000_000, "people in the nation")
	flag.IntVar(&o.rounds, "rounds", 500, "changes of each kind")
	flag.Parse()
	if err := run(&o); err != nil {
		fmt.Fprintln(os.Stderr, "freshness:", err)
		os.Exit(1)
	}
}
