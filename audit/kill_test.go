package audit_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/verigate/verigate/audit"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/verify"
)

const (
	childEnv = "VERIGATE_AUDIT_CHILD" // folder, keys and durability of the child that is to be killed
)

// kills is how often the child is killed; `make faults` does it a thousand times.
var kills = flag.Int("kills", 6, "how often a child that records is killed, for each durability")

// child records decisions as fast as it can and tells each one's request id on standard output after it was recorded,
// as a gateway's answer would. It never ends by itself.
func child() {
	cfg := audit.Config{
		Dir: os.Getenv(childEnv), Keys: os.Getenv(childEnv + "_KEYS"), Durability: os.Getenv(childEnv + "_DURABILITY"),
		SegmentSize: 1 << 20, LinkEvery: config.Duration(100 * time.Millisecond), Checkpoint: config.Duration(100 * time.Millisecond),
	}
	config.Defaults(&cfg)
	l, err := audit.Open(cfg, audit.Deps{})
	if err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
	start, err := strconv.ParseUint(os.Getenv(childEnv+"_START"), 10, 64)
	if err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
	var next atomic.Uint64
	next.Store(start)
	for worker := range 16 {
		go answer(l, &next, 1+worker%4*3)
	}
	select {}
}

// answer records n decisions at a time and then answers them.
func answer(l *audit.Log, next *atomic.Uint64, n int) {
	ds := make([]verify.Decision, n)
	out := make([]byte, 16*n)
	for {
		for i := range ds {
			ds[i] = decision(byte(i))
			id := verify.RequestID{}
			binary.BigEndian.PutUint64(id[8:], next.Add(1))
			ds[i].RequestID = id
			copy(out[16*i:], id[:])
		}
		if err := l.Record(context.Background(), ds); err != nil {
			fmt.Fprintln(os.Stderr, "child:", err)
			os.Exit(1)
		}
		if _, err := os.Stdout.Write(out); err != nil { // at most 160 bytes: a pipe takes them whole or not at all
			os.Exit(1)
		}
	}
}

// A process that is killed with records on their way loses none that it had answered, the log is sound as it lies
// there, and the next start goes on in it.
func TestKilledProcessLosesNothing(t *testing.T) {
	for _, durability := range []string{"process", "disk"} {
		t.Run(durability, func(t *testing.T) {
			t.Parallel()
			cfg := settings(t, func(c *audit.Config) { c.Durability, c.SegmentSize = durability, 1<<20 })
			answered := map[verify.RequestID]bool{}
			incomplete := 0
			for kill := range *kills {
				before := len(answered)
				killOne(t, cfg, uint64(kill)<<32, answered)
				if len(answered) == before {
					t.Fatalf("kill %d: the child answered nothing", kill)
				}
				if kill < 20 || kill%20 == 19 { // the log grows
					r := mustVerify(t, audit.VerifyConfig{Dir: cfg.Dir})
					if !r.Sound() {
						t.Fatalf("kill %d: %v", kill, r.Findings)
					}
					incomplete += len(r.Notes)
				}
				if kill%50 == 49 || kill == *kills-1 {
					holdToLog(t, cfg.Dir, answered)
				}
			}
			if err := open(t, cfg).Close(); err != nil {
				t.Fatal(err)
			}
			holdToLog(t, cfg.Dir, answered)
			if r := mustVerify(t, audit.VerifyConfig{Dir: cfg.Dir}); !r.Sound() {
				t.Fatal(r.Findings)
			}
			t.Logf("%d kills, %d answers, all in the log; %d notes", *kills, len(answered), incomplete)
		})
	}
}

// killOne runs a child for a moment, kills it and adds what it answered.
func killOne(t *testing.T, cfg audit.Config, start uint64, answered map[verify.RequestID]bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+cfg.Dir, childEnv+"_KEYS="+cfg.Keys, childEnv+"_DURABILITY="+cfg.Durability,
		childEnv+"_START="+strconv.FormatUint(start, 10))
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(out)
	if _, err := in.Peek(16); err != nil { // it is under way
		_ = cmd.Process.Kill()
		t.Fatalf("the child did not begin: %v, %v", err, cmd.Wait())
	}
	timer := time.AfterFunc(time.Duration(rand.IntN(150))*time.Millisecond, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	for {
		var id verify.RequestID
		if _, err := io.ReadFull(in, id[:]); err != nil {
			break
		}
		answered[id] = true
	}
	_ = cmd.Wait()
}

// holdToLog fails for every answer that is not in the log.
func holdToLog(t *testing.T, dir string, answered map[verify.RequestID]bool) {
	t.Helper()
	recorded := make(map[verify.RequestID]bool, len(answered))
	search := audit.Search{
		Dir:     dir,
		Visit:   func(f *audit.Found) error { recorded[requestOf(f)] = true; return nil },
		Problem: func(err error) { t.Error(err) },
	}
	if err := search.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	missing := 0
	for id := range answered {
		if !recorded[id] {
			missing++
		}
	}
	if missing > 0 {
		t.Fatalf("%d of %d answers are not in the log", missing, len(answered))
	}
}

func requestOf(f *audit.Found) (id verify.RequestID) {
	if f.Decision != nil {
		id = f.Decision.RequestID
	}
	return id
}
