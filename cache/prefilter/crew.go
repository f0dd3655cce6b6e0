package prefilter

import (
	"iter"
	"sync"
)

// crew is goroutines that work on blocks of keys. It is the sink of a [pull].
type crew struct {
	queue, spare chan []uint64
	wg           sync.WaitGroup
}

// start begins with so many goroutines; each gets the blocks that fall to it, good until it takes the next one.
func (c *crew) start(workers int, work func(blocks iter.Seq[[]uint64])) {
	c.queue, c.spare = make(chan []uint64, workers), make(chan []uint64, 2*workers+2)
	for range workers {
		c.wg.Go(func() { work(c.blocks) })
	}
}

func (c *crew) blocks(yield func([]uint64) bool) {
	for keys := range c.queue {
		if !yield(keys) {
			return
		}
		select {
		case c.spare <- keys:
		default:
		}
	}
}

// block returns memory for the next block of keys.
func (c *crew) block() []uint64 {
	select {
	case b := <-c.spare:
		return b
	default:
		return make([]uint64, 0, maxBlockKeys)
	}
}

// add hands a block over.
func (c *crew) add(keys []uint64) { c.queue <- keys }

// close waits until everything is done.
func (c *crew) close() {
	close(c.queue)
	c.wg.Wait()
}
