package clients

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/internal/redisconn"
)

// RedisConfig says where several nodes share the directory, and the counts of its limits.
type RedisConfig struct {
	redisconn.Endpoint `yaml:",inline"`
	Prefix             string          `yaml:"prefix" default:"verigate:clients:" help:"What every key begins with."`
	Timeout            config.Duration `yaml:"timeout" default:"2s" min:"50ms" max:"30s" help:"How long Redis is waited for; no request ever waits for it."`
	Reconcile          config.Duration `yaml:"reconcile" default:"1s" min:"50ms" max:"10s" help:"How often nodes tell each other what callers have used."`
	Alone              config.Duration `yaml:"alone" default:"24h" min:"1m" max:"31d" help:"How old the copy of the directory in data may be for a start while Redis cannot be reached; older refuses to start."`
}

const (
	redisConnections = 8
	maxDialTimeout   = time.Second
)

// client makes a client that every use here shares.
func (c *RedisConfig) client() (redis.UniversalClient, error) {
	timeout := c.Timeout.Std()
	return c.Client(redisconn.Limits{Timeout: timeout, DialTimeout: min(timeout, maxDialTimeout), Connections: redisConnections})
}

// ErrNoDirectory is what reading a place without a directory gives.
var ErrNoDirectory = errors.New("there is no directory")

// RedisStore keeps the directory in Redis for several nodes: the text of the file, numbered and sealed under the
// directory's key (see docs/decisions/0052-one-directory-for-several-nodes.md). A change is a compare-and-set of the
// number, so that two that meet are both made. It is safe for concurrent use; Close closes its connections.
type RedisStore struct {
	client  redis.UniversalClient
	prefix  string
	key     string
	timeout time.Duration
	secrets *Secrets
	known   atomic.Uint64 // no directory with a lower number is taken
}

// OpenRedis makes a store; it does not connect.
func OpenRedis(cfg RedisConfig, secrets *Secrets) (*RedisStore, error) {
	client, err := cfg.client()
	if err != nil {
		return nil, fmt.Errorf("opening the caller directory in Redis: %w", err)
	}
	return &RedisStore{client: client, prefix: cfg.Prefix, key: cfg.Prefix + "directory", timeout: cfg.Timeout.Std(), secrets: secrets}, nil
}

// Close closes the connections.
func (s *RedisStore) Close() error { return s.client.Close() }

// The directory is one hash, so that both fields change in one step, on a Cluster too. The number is there to be looked
// at cheaply; the one that counts is inside the sealed text.
const (
	fieldVersion  = "version"
	fieldEnvelope = "directory"
)

// meeting is where the nodes that share this directory share the counts of its limits.
func (s *RedisStore) meeting() meeting {
	return &redisMeeting{client: s.client, prefix: s.prefix, timeout: s.timeout, secrets: s.secrets}
}

// swap puts a directory in place if the number is still the one it was made from. KEYS: the hash. ARGV: the number as it
// was, "" for none; the number and the sealed text as they shall be. Returns 1 when done.
var swap = redis.NewScript(`
if (redis.call('HGET', KEYS[1], 'version') or '') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'directory', ARGV[3])
return 1`)

// Read implements [Store].
func (s *RedisStore) Read(ctx context.Context) (*File, error) {
	_, e, err := s.fetch(ctx)
	if err != nil {
		return nil, err
	}
	f, err := Decode(bytes.NewReader(e.Text))
	if err != nil {
		return nil, fmt.Errorf("reading the caller directory in Redis: %w", err)
	}
	return f, nil
}

// awayError is a Redis that did not answer.
type awayError struct{ err error }

// Error implements error.
func (e *awayError) Error() string {
	return fmt.Sprintf("asking Redis for the caller directory: %v", e.err)
}

// Unwrap implements errors.Unwrap.
func (e *awayError) Unwrap() error { return e.err }

// olderError is a directory that is older than one seen before.
type olderError struct{ number, known uint64 }

// Error implements error.
func (e *olderError) Error() string {
	return fmt.Sprintf("the directory in Redis is refused: its number %d is older than %d, which is known here", e.number, e.known)
}

// learn raises the lowest number that is taken.
func (s *RedisStore) learn(version uint64) {
	for {
		known := s.known.Load()
		if version <= known || s.known.CompareAndSwap(known, version) {
			return
		}
	}
}

// number returns the number beside the directory, without the directory; "" when there is none.
func (s *RedisStore) number(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	v, err := s.client.HGet(ctx, s.key, fieldVersion).Result()
	if errors.Is(err, redis.Nil) {
		return "", nil
	}
	if err != nil {
		return "", &awayError{err}
	}
	return v, nil
}

// fetch returns the number as it stands in Redis and the opened envelope. Without a directory the error is
// [ErrNoDirectory]; one that is not sound, or older than one seen before, is refused, and the number returned all the same.
func (s *RedisStore) fetch(ctx context.Context) (number string, e *envelope, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	got, err := s.client.HMGet(ctx, s.key, fieldVersion, fieldEnvelope).Result()
	if err != nil {
		return "", nil, &awayError{err}
	}
	number, _ = got[0].(string)
	raw, ok := got[1].(string)
	if !ok {
		return number, nil, fmt.Errorf("reading key %s in Redis: %w; put one there with 'verigate clients push FILE'", s.key, ErrNoDirectory)
	}
	if e, err = openEnvelope(s.secrets, []byte(raw)); err != nil {
		return number, nil, fmt.Errorf("the directory in Redis is refused: %w", err)
	}
	if known := s.known.Load(); e.Version < known {
		return number, nil, &olderError{e.Version, known}
	}
	s.learn(e.Version)
	return number, e, nil
}

// put swaps the sealed directory in; done is false when somebody else was faster.
func (s *RedisStore) put(ctx context.Context, number string, version uint64, sealed []byte) (done bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	n, err := swap.Eval(ctx, s.client, []string{s.key}, number, version, sealed).Int()
	if err != nil {
		return false, &awayError{err}
	}
	return n == 1, nil
}

const (
	// maxTries is how often a change is made again on a newer directory; each time somebody else's was made.
	maxTries = 64
	maxPause = 20 * time.Millisecond
)

// Update implements [Store]. When Redis goes away between the question and the answer nobody knows whether the change
// was made, and the error says so.
func (s *RedisStore) Update(ctx context.Context, change func(*File) error) error {
	for range maxTries {
		number, e, err := s.fetch(ctx)
		f := new(File)
		switch {
		case errors.Is(err, ErrNoDirectory):
			e = new(envelope)
		case err != nil:
			return err
		default:
			if f, err = Decode(bytes.NewReader(e.Text)); err != nil {
				return fmt.Errorf("reading the caller directory in Redis: %w", err)
			}
		}
		if err := change(f); err != nil {
			return err
		}
		done, err := s.replace(ctx, number, e.Version, f)
		if err != nil || done {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(rand.N(maxPause)):
		}
	}
	return fmt.Errorf("changing the caller directory in Redis: somebody else was faster %d times", maxTries)
}

func (s *RedisStore) replace(ctx context.Context, number string, version uint64, f *File) (done bool, err error) {
	text, err := encodeSound(f)
	if err != nil {
		return false, err
	}
	now := time.Now()
	e := &envelope{Version: nextVersion(max(version, s.known.Load()), now), Written: now, Text: text}
	if done, err = s.put(ctx, number, e.Version, e.seal(s.secrets)); err != nil {
		return false, fmt.Errorf("changing the caller directory: whether the change was made is not known, look before you try again: %w", err)
	}
	return done, nil
}

// Push puts a whole directory in the place of what is there, sound or not. Unless over is set a place that is taken is an
// error.
func (s *RedisStore) Push(ctx context.Context, f *File, over bool) error {
	number, e, err := s.fetch(ctx)
	if _, away := errors.AsType[*awayError](err); away {
		return err
	}
	if !over && !errors.Is(err, ErrNoDirectory) {
		return errors.New("pushing a caller directory: there is one in Redis already")
	}
	if e == nil {
		e = new(envelope)
	}
	done, err := s.replace(ctx, number, e.Version, f)
	if err == nil && !done {
		err = errors.New("pushing a caller directory: it was changed meanwhile")
	}
	return err
}
