package clients

import (
	"bytes"
	"context"
	"fmt"
	"hash/maphash"
	"log/slog"
	"sync/atomic"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/verify"
)

// Config are the directory's settings.
type Config struct {
	File      string            `yaml:"file" required:"true" help:"The caller directory: one line of JSON per caller, managed by 'verigate clients'."`
	Key       config.SecretFile `yaml:"key_file" required:"true" help:"Secret that portal passwords, staff numbers and staff names in the directory are protected with; at least 32 characters."`
	Poll      config.Duration   `yaml:"poll" default:"1s" min:"100ms" max:"2s" help:"How often the directory file is looked at for changes; one written in place rather than replaced has to look the same twice."`
	Unlimited bool              `yaml:"unlimited" default:"false" help:"Switches rates, quotas, concurrency limits and log-in slowing off; for load tests only."`
}

// Deps are what the directory works with; every field may be left out.
type Deps struct {
	Log     *slog.Logger
	Metrics *metric.Set
	Changed func(Change) // called by the loader after every change, and after every refused one
}

// Change is what became of a changed directory file.
type Change struct {
	Version string // first 16 hexadecimal digits of the file's SHA-256
	Callers int    // in force now
	Err     error  // the file was refused, and what was in force before still is
}

// Directory is every caller of this gateway. It is safe for concurrent use; [Directory.Close] stops its watching.
type Directory struct {
	file      string
	secrets   *Secrets
	deps      Deps
	unlimited bool

	table  atomic.Pointer[table]
	epoch  atomic.Uint64 // counts tables; raised after the table is in place
	places *places

	seed     maphash.Seed
	failures throttle
	guesses  throttle
	count    counters

	state   atomic.Pointer[state]
	growing stamp // of a file written in place, until it has looked the same twice
	stop    context.CancelFunc
	done    chan struct{}
}

// Open reads the directory and begins to watch its file. Its error names the file, the line and the reason.
func Open(cfg Config, deps Deps) (*Directory, error) {
	key, err := cfg.Key.Read()
	if err != nil {
		return nil, fmt.Errorf("opening the caller directory: %w", err)
	}
	secrets, err := NewSecrets(key)
	if err != nil {
		return nil, fmt.Errorf("opening the caller directory: key_file %s: %w", string(cfg.Key), err)
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	d := &Directory{
		file: cfg.File, secrets: secrets, deps: deps, unlimited: cfg.Unlimited,
		places: newPlaces(), seed: maphash.MakeSeed(), done: make(chan struct{}),
	}
	d.state.Store(new(state))
	d.count.register(deps.Metrics, d)
	if err := d.load(); err != nil {
		return nil, fmt.Errorf("opening the caller directory: %w", err)
	}
	var ctx context.Context
	ctx, d.stop = context.WithCancel(context.Background())
	go d.watch(ctx, cfg.Poll.Std())
	return d, nil
}

// Close stops watching the file. Look-ups keep working with what was read last.
func (d *Directory) Close() {
	d.stop()
	<-d.done
}

// Authenticate finds the holder of an API key. A key that its own checksum gives away as damaged is
// [verify.RefusalKeyMalformed], anything else that is not exactly a key this directory issued
// [verify.RefusalKeyUnknown]; who presents a real one is told that it is revoked or expired, or that the caller is
// suspended, and is returned as well so that the refusal can be recorded under its name. The bearer is not kept. It
// takes no lock and does not allocate.
func (d *Directory) Authenticate(now verify.Instant, bearer []byte) (*verify.Caller, verify.Refusal) {
	if len(bearer) == 0 {
		return nil, verify.RefusalKeyMissing
	}
	digest, ok := ParseAPIKey(bearer)
	switch {
	case ok:
		return d.table.Load().keys[digest].holder(now)
	case bytes.HasPrefix(bearer, []byte(keyPrefix)):
		return nil, verify.RefusalKeyMalformed
	}
	return nil, verify.RefusalKeyUnknown
}

// Account returns the account with the given name, letter case aside. The epoch differs after the password changed or
// tokens were revoked; ok is false when there is no such account or it was revoked. A suspended account is returned:
// [Directory.Admit] refuses it. It takes no lock and does not allocate.
func (d *Directory) Account(username []byte) (c *verify.Caller, epoch uint32, ok bool) {
	if len(username) > maxUsername {
		return nil, 0, false
	}
	var buf [maxUsername]byte
	a := d.table.Load().accounts[string(appendUpper(buf[:0], username))]
	if a == nil || a.refusal == verify.RefusalKeyRevoked {
		return nil, 0, false
	}
	return a.caller, a.epoch, true
}

// Admit asks the caller's limits for cost queries in one request (0: only a place among those under way). Without a
// refusal the caller holds a place until [Directory.Release]; a refusal costs it nothing. A caller that was suspended
// or revoked since it was identified is refused. It takes no lock and does not allocate.
func (d *Directory) Admit(now verify.Instant, c *verify.Caller, cost int) verify.Verdict {
	s := d.places.at(c.Slot)
	if s == nil {
		return verify.Verdict{}
	}
	return s.admit(now, int64(cost))
}

// Spend asks for cost queries more within a request that was admitted: a further chunk of a stream.
func (d *Directory) Spend(now verify.Instant, c *verify.Caller, cost int) verify.Verdict {
	s := d.places.at(c.Slot)
	if s == nil {
		return verify.Verdict{}
	}
	if refusal := verify.Refusal(s.status.Load()); refusal != verify.RefusalNone {
		return verify.Verdict{Refusal: refusal}
	}
	return s.spend(now, s.rule.Load(), int64(cost))
}

// Release gives back the place that Admit took.
func (d *Directory) Release(c *verify.Caller) {
	if s := d.places.at(c.Slot); s != nil {
		s.inFlight.Add(-1)
	}
}

// Usage tells what the caller may do and has done.
func (d *Directory) Usage(now verify.Instant, c *verify.Caller) verify.Usage {
	s := d.places.at(c.Slot)
	if s == nil {
		return verify.Usage{}
	}
	return s.usage(now)
}
