package audit

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/internal/clock"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/verify"
)

// Config are the log's settings.
type Config struct {
	Dir          string          `yaml:"dir" required:"true" help:"Folder of the audit log; made if it does not exist."`
	Keys         string          `yaml:"keys" required:"true" help:"Folder of the log's secrets: epoch-<number>.key for subjects, signing.key for checkpoints."`
	Durability   string          `yaml:"durability" default:"process" oneof:"process disk" help:"When a record counts as written: 'process' survives the process being killed, 'disk' survives power loss and costs a disk flush."`
	FlushEvery   config.Duration `yaml:"flush_every" default:"1.5ms" max:"1s" help:"With durability 'disk': how long after the begin of a flush the next may begin, so that it serves more records; a record alone does not wait."`
	OnFailure    string          `yaml:"on_failure" default:"refuse" oneof:"refuse answer" help:"What happens when a decision cannot be recorded: 'refuse' to answer, or 'answer' and write down later how many went unrecorded."`
	SegmentSize  config.ByteSize `yaml:"segment_size" default:"64MiB" min:"1MiB" max:"4GiB" help:"Size of a segment file; two are allocated at any time."`
	SegmentAge   config.Duration `yaml:"segment_age" default:"1h" min:"1m" max:"7d" help:"A segment is sealed at this age even if it is not full."`
	LinkEvery    config.Duration `yaml:"link_every" default:"1s" min:"100ms" max:"1m" help:"How often new records are linked into the hash chain and, with durability 'process', flushed to disk."`
	Checkpoint   config.Duration `yaml:"checkpoint_every" default:"10s" min:"1s" max:"1h" help:"How often a signed checkpoint of the newest link is written."`
	StallTimeout config.Duration `yaml:"stall_timeout" default:"1s" min:"10ms" max:"10s" help:"How long a record may wait for a slow disk before it counts as failed."`
	Compress     config.Duration `yaml:"compress_after" default:"1d" help:"Sealed segments of this age are compressed; 0s never."`
	Retain       config.Duration `yaml:"retain" help:"Segments whose newest record is older are removed, which the log says and proves; 0s keeps everything."`
	Withhold     string          `yaml:"withhold" help:"YAML file with rules by which entries of a person's ledger are held back (docs/audit.md); read at every question. Empty: everything is told."`
	Witnesses    []string        `yaml:"witnesses" help:"Who is shown every checkpoint and cosigns it (docs/audit.md): each the address and, behind a space, the witness's public key."`
	OfferEvery   config.Duration `yaml:"offer_every" default:"1m" min:"1s" max:"1d" help:"How often the newest checkpoint is offered to the witnesses."`
	FloodQuota   config.ByteSize `yaml:"flood_quota" default:"64MiB" min:"1MiB" max:"1TiB" help:"Disk that counted refusals may take in a day; beyond it they are counted together."`
}

// Validate checks what no tag can say.
func (c *Config) Validate() error {
	if c.Retain != 0 && c.Retain.Std() < leastRetain {
		return fmt.Errorf("retain %s: must be 0s or at least 1d", c.Retain)
	}
	if _, err := parseWitnesses(c.Witnesses); err != nil {
		return err
	}
	if c.Compress < 0 {
		return fmt.Errorf("compress_after %s: must not be negative", c.Compress)
	}
	return nil
}

// Deps are what the log works with; every field may be left out.
type Deps struct {
	Clock   verify.Clock
	Log     *slog.Logger
	Metrics *metric.Set
	Alarm   func(error) // called once when the log stops working or is about to, and with nil when it works again
}

// minSegment is what the largest claim of one batch needs; the configuration's minimum is above it.
const minSegment = 512 << 10

var (
	errClosed  = errors.New("recording decisions: the audit log is closed")
	errFull    = errors.New("recording decisions: no segment to write to (disk full or read-only?)")
	errStalled = errors.New("recording decisions: the disk does not answer in time")
	errFailed  = errors.New("recording decisions: the audit log failed earlier")
)

func (c *Config) withDefaults() Config {
	out := *c
	config.Defaults(&out)
	return out
}

func (d Deps) withDefaults() Deps {
	if d.Clock == nil {
		d.Clock = clock.System
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Metrics == nil {
		d.Metrics = new(metric.Set)
	}
	if d.Alarm == nil {
		d.Alarm = func(error) {}
	}
	return d
}

// tick is how often the chain's goroutine looks at what was written.
const tick = 100 * time.Millisecond
