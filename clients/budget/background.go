package budget

import (
	"context"
	"slices"
	"time"
)

// start begins the background work: delivering events, and the ticks.
func (b *Budget) start() {
	ctx, cancel := context.WithCancel(bg)
	b.wg.Go(func() { defer cancel(); <-b.stop })
	b.wg.Go(b.deliver)
	b.wg.Go(func() { b.tick(ctx) })
	if b.canary.file != nil {
		b.wg.Go(func() { b.watchCanaries(ctx) })
	}
	if b.hook != nil {
		b.wg.Go(func() { b.hook.run(ctx) })
	}
}

// Close ends the background work and writes the state file. Ask and Charge keep working with what is known.
func (b *Budget) Close() error {
	b.once.Do(func() { close(b.stop) })
	b.wg.Wait()
	if !b.cfg.Enabled {
		return nil
	}
	return b.save()
}

// exchangeWithin bounds one round with Redis.
const exchangeWithin = 5 * time.Second

// tick exchanges counts, keeps suspensions and lets idle staff members go.
func (b *Budget) tick(ctx context.Context) {
	every := time.NewTicker(b.cfg.Sync.Std())
	defer every.Stop()
	saved, failing := time.Now(), false
	for {
		select {
		case <-ctx.Done():
			return
		case a := <-b.hurried:
			b.hurry(ctx, a)
			continue
		case <-every.C:
		}
		if b.deps.Redis != nil {
			round, cancel := context.WithTimeout(ctx, exchangeWithin)
			err := b.exchange(round)
			cancel()
			if err != nil && ctx.Err() == nil {
				b.m.rounds["failed"].Inc()
				if !failing {
					b.deps.Log.Warn("harvest budgets are counted by this node alone", "reason", err)
				}
			} else if err == nil {
				b.m.rounds["done"].Inc()
			}
			failing = err != nil
		}
		b.survey()
		b.holds.mu.Lock()
		unsaved := b.holds.unsaved
		b.holds.mu.Unlock()
		if unsaved || time.Since(saved) > saveEvery {
			saved = time.Now()
			if err := b.save(); err != nil {
				b.m.unsaved.Inc()
				b.deps.Log.Error("suspensions are not kept over a restart", "reason", err)
			}
			b.accounts.sweep(b.deps.Clock().Mono - 2*int64(b.cfg.Epoch))
		}
	}
}

// hurryPause bounds how often nodes hurry: strangers that come meanwhile are told of together.
const hurryPause = 20 * time.Millisecond

// hurry exchanges the counts of accounts that met strangers without waiting for the next round, because a caller may ask
// for many within one. What fails is left to that round.
func (b *Budget) hurry(ctx context.Context, first *account) {
	list := []*account{first}
	for more := true; more && len(list) < syncChunk; {
		select {
		case a := <-b.hurried:
			if !slices.Contains(list, a) {
				list = append(list, a)
			}
		default:
			more = false
		}
	}
	round, cancel := context.WithTimeout(ctx, exchangeWithin)
	defer cancel()
	_ = b.exchangeCounts(round, list)
	pause := time.NewTimer(hurryPause)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-ctx.Done():
	}
}

// survey counts accounts by level.
func (b *Budget) survey() {
	var by [len(levelNames)]int64
	b.accounts.all(func(a *account) { by[a.level.Load()]++ })
	for l := range by {
		b.m.levels[l].Store(by[l])
	}
}
