package clients

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// redisMeeting is a meeting in Redis: a hash that tells which runs there are and how far they have counted, a value with
// each run's tally, and a value with the networks. Every key is touched alone, so that it works on a Cluster too.
type redisMeeting struct {
	client  redis.UniversalClient
	prefix  string
	timeout time.Duration
	secrets *Secrets
}

const (
	// tallyTTL outlives the day that a tally is about in every zone.
	tallyTTL = 36 * time.Hour
	// networksTTL forgets the networks of a deployment that is gone.
	networksTTL = 90 * 24 * time.Hour
)

func (m *redisMeeting) index() string           { return m.prefix + "runs" }
func (m *redisMeeting) tally(run string) string { return m.prefix + "run:" + run }

// exchange implements meeting: two round trips, three when this node has something to tell.
func (m *redisMeeting) exchange(ctx context.Context, mine *tally, seen map[runID]uint64) ([][]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, m.timeout)
	defer cancel()
	if mine != nil {
		run := hex.EncodeToString(mine.run[:])
		if err := m.client.Set(ctx, m.tally(run), mine.encode(m.secrets), tallyTTL).Err(); err != nil {
			return nil, err
		}
		if err := m.client.HSet(ctx, m.index(), run, mine.seq).Err(); err != nil {
			return nil, err
		}
	}
	index, err := m.client.HGetAll(ctx, m.index()).Result()
	if err != nil {
		return nil, err
	}
	return m.fetch(ctx, m.unseen(index, seen))
}

// unseen returns the runs that have counted on. What is in the index is anybody's word: it only says what to read.
func (m *redisMeeting) unseen(index map[string]string, seen map[runID]uint64) (runs []string) {
	for field, value := range index {
		var run runID
		seq, err := strconv.ParseUint(value, 10, 64)
		if n, err2 := hex.Decode(run[:], []byte(field[:min(len(field), 2*len(run))])); err != nil || err2 != nil || n != len(run) || len(field) != 2*len(run) {
			continue
		}
		if have, ok := seen[run]; (!ok || have != seq) && len(runs) < maxNews {
			runs = append(runs, field)
		}
	}
	return runs
}

func (m *redisMeeting) fetch(ctx context.Context, runs []string) (news [][]byte, err error) {
	if len(runs) == 0 {
		return nil, nil
	}
	p := m.client.Pipeline()
	got := make([]*redis.StringCmd, len(runs))
	for i, run := range runs {
		got[i] = p.GetRange(ctx, m.tally(run), 0, int64(maxTally))
	}
	_, _ = p.Exec(ctx) // each command carries its own error
	for i, g := range got {
		raw, err := g.Bytes()
		switch {
		case err == nil && len(raw) == 0: // of a day long past
			_ = m.client.HDel(ctx, m.index(), runs[i]).Err()
		case err != nil:
			return news, fmt.Errorf("reading the counts of a node: %w", err)
		default:
			news = append(news, raw)
		}
	}
	return news, nil
}

// networks implements meeting. Two nodes that write at once lose nothing for good: each writes again what it misses.
func (m *redisMeeting) networks(ctx context.Context, join func([]byte) []byte) error {
	ctx, cancel := context.WithTimeout(ctx, m.timeout)
	defer cancel()
	there, err := m.client.Get(ctx, m.prefix+"networks").Bytes()
	if err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	if out := join(there); out != nil {
		return m.client.Set(ctx, m.prefix+"networks", out, networksTTL).Err()
	}
	return nil
}
