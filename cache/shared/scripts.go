package shared

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"
)

// Each script touches one key, so that it runs on a Cluster as on a single server, and decides by the version at the
// front of the value. Versions are compared as text of equal length, because Lua's numbers end at 2^53.

// fillScript writes a pending value unless something newer, or the same with longer to live, is there.
// ARGV: version, value, milliseconds to live. Returns 0 newer is there, 1 the same is there, 2 written.
var fillScript = redis.NewScript(`
local have = redis.call('GETRANGE', KEYS[1], 0, 20)
if #have == 21 then
  local version, mark = string.sub(have, 1, 20), string.sub(have, 21)
  if version > ARGV[1] then return 0 end
  if version == ARGV[1] and mark == 'r' and redis.call('PTTL', KEYS[1]) >= tonumber(ARGV[3]) then return 1 end
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 2`)

// confirmScript makes a pending value ready if it is still the one that was written. It leaves the time to live alone.
// ARGV: version, mark and nonce of the write. Returns 0 it was replaced, 1 ready.
var confirmScript = redis.NewScript(`
if redis.call('GETRANGE', KEYS[1], 0, 44) ~= ARGV[1] then return 0 end
redis.call('SETRANGE', KEYS[1], 20, 'r')
return 1`)

// buryScript replaces what is older than a version by a tombstone. ARGV: version, milliseconds to live. Returns 0
// something as new is there, 1 buried.
var buryScript = redis.NewScript(`
local have = redis.call('GETRANGE', KEYS[1], 0, 20)
if #have == 21 and string.sub(have, 1, 20) >= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. 't', 'PX', ARGV[2])
return 1`)

// call is one script on one key.
type call struct {
	key  string
	args []any
}

// runAll runs a script on many keys in one round trip, in two when a server does not know it yet. results[i] is the
// script's answer for calls[i], or -1 where it failed; the error is the first failure.
func (c *Cache) runAll(ctx context.Context, script *redis.Script, calls []call) (results []int64, err error) {
	results = make([]int64, len(calls))
	again, err := c.pipe(ctx, calls, results, nil, script.EvalSha)
	if len(again) > 0 {
		_, err = c.pipe(ctx, calls, results, again, script.Eval)
	}
	return results, err
}

type runner func(ctx context.Context, c redis.Scripter, keys []string, args ...any) *redis.Cmd

// pipe runs the calls with the given places, all if nil, and returns the places of those whose script is unknown.
func (c *Cache) pipe(ctx context.Context, calls []call, results []int64, places []int, run runner) (unknown []int, first error) {
	if places == nil {
		places = make([]int, len(calls))
		for i := range places {
			places[i] = i
		}
	}
	commands := make([]*redis.Cmd, len(places))
	p := c.client.Pipeline()
	for n, i := range places {
		commands[n] = run(ctx, p, []string{calls[i].key}, calls[i].args...)
	}
	_, _ = p.Exec(ctx) // each command carries its own error
	for n, i := range places {
		result, err := commands[n].Int64()
		if err == nil {
			results[i] = result
			continue
		}
		results[i] = -1
		if redis.HasErrorPrefix(err, "NOSCRIPT") {
			unknown = append(unknown, i)
		} else if first == nil {
			first = err
		}
	}
	return unknown, first
}

// isFailure tells whether an error speaks against Redis rather than for a caller that left.
func isFailure(err error) bool {
	return err != nil && !errors.Is(err, redis.Nil) && !errors.Is(err, context.Canceled)
}
