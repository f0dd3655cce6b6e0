package clients

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/internal/clock"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/internal/prefetch"
	"github.com/verigate/verigate/verify"
)

// Config are the directory's settings.
type Config struct {
	File      string            `yaml:"file" help:"The caller directory: one line of JSON per caller, managed by 'verigate clients'. Or redis, for several nodes."`
	Redis     RedisConfig       `yaml:"redis"`
	Data      string            `yaml:"data" help:"Folder for what survives a restart: the day's counts, the networks accounts log in from and, with redis, a copy of the directory. Each node its own."`
	Key       config.SecretFile `yaml:"key_file" required:"true" help:"Secret that portal passwords, staff numbers and staff names in the directory are protected with; at least 32 characters."`
	Poll      config.Duration   `yaml:"poll" default:"1s" min:"100ms" max:"2s" help:"How often the directory is looked at for changes; a file written in place rather than replaced has to look the same twice."`
	Unlimited bool              `yaml:"unlimited" default:"false" help:"Switches rates, quotas, concurrency limits and log-in slowing off; for load tests only."`
}

// Deps are what the directory works with; every field may be left out.
type Deps struct {
	Log     *slog.Logger
	Metrics *metric.Set
	Clock   verify.Clock // the one that requests are dated by; nil: the system's
	Changed func(Change) // called by the loader after every change, and after every refused one
	Coming  func(int)    // told the slot of a caller whose key is being looked at, so that others send for what they keep of it
}

// Change is what became of a changed directory.
type Change struct {
	Version string // in force now: first 16 hexadecimal digits of a file's SHA-256, or the number of a directory in Redis
	Callers int    // in force now
	Err     error  // the directory was refused, and what was in force before still is
}

// Directory is every caller of this gateway. It is safe for concurrent use; [Directory.Close] stops its watching.
type Directory struct {
	source    source
	secrets   *Secrets
	deps      Deps
	unlimited bool

	table  atomic.Pointer[table]
	epoch  atomic.Uint64 // counts tables; raised after the table is in place
	places *places

	clock     verify.Clock
	share     *share // nil: nothing is kept or shared
	seed      maphash.Seed
	failures  throttle
	strangers throttle
	guesses   throttle
	count     counters

	state atomic.Pointer[state]
	asked atomic.Pointer[time.Time] // when the source last answered
	stop  context.CancelFunc
	wg    sync.WaitGroup
}

// Validate implements config.Validator.
func (c *Config) Validate() error {
	switch {
	case c.File == "" && !c.Redis.Enabled():
		return errors.New("file: is needed, or redis with url or addresses")
	case c.File != "" && c.Redis.Enabled():
		return errors.New("file: give either file or redis; 'verigate clients push FILE' brings a file into Redis")
	case c.Redis.Enabled() && c.Data == "":
		return errors.New("data: is needed with redis, because a node has to start while Redis is away")
	}
	return nil
}

// Open reads the directory and begins to watch it. Its error names the place, the line and the reason. A directory in
// Redis that cannot be had is taken from the copy in data, if that is young enough.
func Open(cfg Config, deps Deps) (*Directory, error) {
	d, err := newDirectory(&cfg, deps)
	if err != nil {
		return nil, fmt.Errorf("opening the caller directory: %w", err)
	}
	var ctx context.Context
	ctx, d.stop = context.WithCancel(context.Background())
	if err := d.first(ctx); err != nil {
		d.stop()
		return nil, fmt.Errorf("opening the caller directory: %w", errors.Join(err, d.source.close()))
	}
	d.wg.Go(func() { d.watch(ctx, cfg.Poll.Std()) })
	if d.share = d.newShare(&cfg); d.share != nil {
		d.wg.Go(func() { d.share.work(ctx) })
	}
	return d, nil
}

// Store returns where the directory is kept, for those who change it, with the keys that changes need. It is closed with
// the directory.
func (d *Directory) Store() (Store, *Secrets) { return d.source.changes(d.secrets), d.secrets }

// newShare returns what keeps and shares the counts of limits, nil when there is nowhere to keep them or nothing to count.
func (d *Directory) newShare(cfg *Config) *share {
	if cfg.Data == "" || cfg.Unlimited {
		return nil
	}
	var m meeting
	if s, ok := d.source.(*redisSource); ok {
		m = s.store.meeting()
	}
	return newShare(d, cfg, m)
}

func newDirectory(cfg *Config, deps Deps) (*Directory, error) {
	secrets, err := ReadSecrets(cfg.Key)
	if err != nil {
		return nil, err
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	d := &Directory{
		secrets: secrets, deps: deps, unlimited: cfg.Unlimited,
		places: newPlaces(), seed: maphash.MakeSeed(), clock: deps.Clock,
	}
	if d.clock == nil {
		d.clock = clock.System
	}
	d.state.Store(new(state))
	d.asked.Store(new(time.Time))
	if cfg.Data != "" {
		if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
			return nil, fmt.Errorf("making data: %w", err)
		}
	}
	if d.source, err = newSource(cfg, secrets, &d.deps); err != nil {
		return nil, err
	}
	d.count.register(deps.Metrics, d)
	return d, nil
}

func newSource(cfg *Config, secrets *Secrets, deps *Deps) (source, error) {
	if cfg.Redis.Enabled() {
		return newRedisSource(cfg, secrets, deps)
	}
	return newFileSource(cfg.File), nil
}

// Close stops watching. Look-ups keep working with what was read last.
func (d *Directory) Close() {
	d.stop()
	d.wg.Wait()
	if err := d.source.close(); err != nil {
		d.deps.Log.Warn("closing the caller directory", "reason", err)
	}
}

// Authenticate finds the holder of an API key. A key that its own checksum gives away as damaged is
// [verify.RefusalKeyMalformed], anything else that is not exactly a key this directory issued
// [verify.RefusalKeyUnknown]; who presents a real one is told that it is revoked or expired, or that the caller is
// suspended, and is returned as well so that the refusal can be recorded under its name. The bearer is not kept. It
// takes no lock and does not allocate.
func (d *Directory) Authenticate(now verify.Instant, bearer []byte) (*verify.Caller, verify.Refusal) {
	switch {
	case len(bearer) == 0:
		return nil, verify.RefusalKeyMissing
	case !bytes.HasPrefix(bearer, []byte(keyPrefix)):
		return nil, verify.RefusalKeyUnknown
	case !shaped(bearer):
		return nil, verify.RefusalKeyMalformed
	}
	keys := &d.table.Load().keys
	keys.expect(bearer)
	if !checked(bearer) {
		return nil, verify.RefusalKeyMalformed
	}
	return keys.find(bearer, d.coming).holder(now)
}

// coming sends for what is counted of a caller whose request comes to it next.
func (d *Directory) coming(slot int) {
	if s := d.places.at(slot); s != nil {
		prefetch.Of(s)
	}
	if d.deps.Coming != nil {
		d.deps.Coming(slot)
	}
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
