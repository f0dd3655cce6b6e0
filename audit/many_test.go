package audit_test

import (
	"context"
	"encoding/binary"
	"flag"
	"testing"
	"time"

	"github.com/verigate/verigate/audit"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/verify"
)

// records is the size of the log; `go test ./audit -run TestManyRecords -v -records 10000000` tells how long ten
// million take.
var records = flag.Int("records", 100_000, "records in the log that is verified and searched")

// A large log is verified and searched whole, and a few of many are found by each filter.
func TestManyRecords(t *testing.T) {
	cfg := settings(t, func(c *audit.Config) {
		if *records < 1_000_000 {
			c.SegmentSize = 4 << 20
		}
	})
	config.Defaults(&cfg)
	l, err := audit.Open(cfg, audit.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	ds := make([]verify.Decision, 100)
	began := time.Now()
	for n := 0; n < *records; n += len(ds) {
		for i := range ds {
			ds[i] = decision(byte(i))
			binary.BigEndian.PutUint64(ds[i].RequestID[8:], uint64(n+i+1))
			binary.BigEndian.PutUint32(ds[i].Subject[4:], uint32((n+i)/10))
		}
		if err := l.Record(context.Background(), ds); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	wrote := time.Since(began)
	began = time.Now()
	r := mustVerify(t, audit.VerifyConfig{Dir: cfg.Dir})
	verified := time.Since(began)
	if !r.Sound() || r.Decisions != uint64(*records) {
		t.Errorf("%d decisions; %v", r.Decisions, r.Findings)
	}
	var id verify.RequestID
	copy(id[:8], ds[0].RequestID[:8])
	binary.BigEndian.PutUint64(id[8:], uint64(*records/2))
	id[3] = byte((*records/2 - 1) % 100)
	began = time.Now()
	if found, problems := find(t, cfg.Dir, audit.Filter{RequestID: id}); len(found) != 1 || len(problems) > 0 {
		t.Errorf("by request id: %v, %v", found, problems)
	}
	byID := time.Since(began)
	about := decision(byte(3)).Subject
	binary.BigEndian.PutUint32(about[4:], uint32(*records/20))
	began = time.Now()
	found, problems := find(t, cfg.Dir, audit.Filter{Subjects: []verify.Subject{about}, Epochs: epochs(t, cfg)})
	if len(found) != 1 || len(problems) > 0 {
		t.Errorf("by subject: %d, %v", len(found), problems)
	}
	t.Logf("%d records in %d segments: written in %s, verified in %s, found by request id in %s, by subject in %s",
		*records, r.Segments, wrote.Round(time.Millisecond), verified.Round(time.Millisecond), byID.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
}
