// Command bench measures the hot lookup of the running gateway against its limits: a bare fasthttp handler and a
// net/http server that send the same bytes back without looking at the question. All see the same requests, in turns
// within one run, so that a noisy machine is noisy to all of them. Results are kept under results/ by commit.
//
// The client and the server each have half of the cores when taskset is there; figures are then lookups per second on
// that half. The client keeps a fixed number of connections busy, which finds the peak; latency at a given rate is
// loadtest's business.
//
// With -unaudited it measures what the audit log costs instead: the same program built without a log, with durability
// "process" and with "disk", in turns; throughput with all connections busy, latency at a fixed rate.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

type options struct {
	verigate, commit, results string
	rounds, conns, people     int
	each                      time.Duration
	questions                 int
	own                       bool
	unaudited                 string // the program without a log; measures the log's cost
	rate                      int
	pace                      string // internal: see pace.go
}

func main() {
	var o options
	serve := flag.String("serve", "", "internal: be the rival of this name")
	reply := flag.String("reply", "", "internal: file with the rival's reply body")
	addr := flag.String("addr", "", "internal: where the rival listens")
	flag.StringVar(&o.verigate, "verigate", "bin/verigate", "the binary under test")
	flag.StringVar(&o.commit, "commit", "unknown", "what the result is filed under")
	flag.StringVar(&o.results, "results", "bench/results", "folder for the result")
	flag.IntVar(&o.rounds, "rounds", 5, "how often every subject is measured")
	flag.IntVar(&o.conns, "conns", 64, "connections kept busy")
	flag.IntVar(&o.people, "people", 1_000_000, "people in the nation")
	flag.IntVar(&o.questions, "questions", 256, "different questions asked, all of them hot")
	flag.DurationVar(&o.each, "each", 5*time.Second, "how long one measurement takes")
	flag.BoolVar(&o.own, "own", false, "use the built-in client even where wrk is installed")
	flag.StringVar(&o.unaudited, "unaudited", "", "the program built with -tags unaudited: measure what the audit log costs")
	flag.IntVar(&o.rate, "rate", 5000, "with -unaudited: lookups per second at which latency is measured")
	flag.StringVar(&o.pace, "pace", "", "internal: be the client at a fixed rate, with the requests in this file")
	flag.Parse()
	var err error
	switch {
	case *serve != "":
		err = serveRival(*serve, *addr, *reply)
	case o.pace != "":
		err = pace(o, *addr)
	case o.unaudited != "":
		err = auditCost(o)
	default:
		err = run(o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
