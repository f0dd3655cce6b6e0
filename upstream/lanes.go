package upstream

import "github.com/verigate/verigate/verify"

// lanes are the questions that wait for a call to the registry, and how many calls are on their way for each lane:
// clinics go before registrations, both before batches. It is used under the asker's lock.
type lanes struct {
	queues  [verify.Lanes][]*flight // a flight that came forward or is taken stays in its old queue until passed over
	waiting [verify.Lanes]int
	active  [verify.Lanes]int
	passed  [verify.Lanes]int // calls that others made since this lane began to wait

	calls   int               // on their way at once
	most    [verify.Lanes]int // of them, by this lane
	spare   [verify.Lanes]int // calls that this lane leaves free for those before it
	places  [verify.Lanes]int // questions of this lane that may wait
	pending int               // questions that may wait together
	batch   int               // questions in a call
}

// patience is how many calls of other lanes a lane lets pass before it is next, so that no lane stands still.
const patience = 16

func newLanes(cfg *Config) lanes {
	share := func(n int) int { return max(1, int(cfg.BatchShare*float64(n))) }
	l := lanes{calls: cfg.Concurrency, pending: cfg.Pending, batch: cfg.BatchSize}
	l.most = [verify.Lanes]int{cfg.Concurrency, cfg.Concurrency, share(cfg.Concurrency)}
	l.spare = [verify.Lanes]int{0, cfg.Concurrency / 8, cfg.Concurrency / 4}
	l.places = [verify.Lanes]int{cfg.Pending, max(1, cfg.Pending*3/4), max(1, cfg.Pending/2)}
	return l
}

// room tells whether one more question of the lane may wait.
func (l *lanes) room(lane verify.Lane) bool {
	together := 0
	for _, n := range l.waiting {
		together += n
	}
	return together < l.pending && l.waiting[lane] < l.places[lane]
}

func (l *lanes) add(f *flight) {
	l.queues[f.lane] = append(l.queues[f.lane], f)
	l.waiting[f.lane]++
}

// forward moves a waiting question to a lane before its own.
func (l *lanes) forward(f *flight, lane verify.Lane) {
	if f.taken || lane >= f.lane {
		return
	}
	if l.waiting[f.lane]--; l.waiting[f.lane] == 0 {
		clear(l.queues[f.lane])
		l.queues[f.lane] = l.queues[f.lane][:0]
	}
	f.lane = lane
	l.add(f)
}

// take removes the next questions for one call, if one may be made: what waited while all calls were busy goes
// together, never two lanes in one call, so that a bulk call's size does not delay a clinic.
func (l *lanes) take() []*flight {
	lane, ok := l.next()
	if !ok {
		return nil
	}
	for i := range l.passed {
		l.passed[i]++
	}
	l.passed[lane] = 0
	l.active[lane]++
	var taken []*flight
	queue, n := l.queues[lane], 0
	for ; n < len(queue) && len(taken) < l.batch; n++ {
		if f := queue[n]; f.lane == lane && !f.taken {
			f.taken = true
			taken = append(taken, f)
		}
	}
	l.waiting[lane] -= len(taken)
	rest := copy(queue, queue[n:])
	clear(queue[rest:])
	l.queues[lane] = queue[:rest]
	return taken
}

// next returns whose turn it is: the lane that has been passed too often, else the first that has a call to make.
func (l *lanes) next() (verify.Lane, bool) {
	active := 0
	for _, n := range l.active {
		active += n
	}
	if active >= l.calls {
		return 0, false
	}
	found, ok := verify.Lane(0), false
	for lane := range verify.Lane(verify.Lanes) {
		if l.waiting[lane] == 0 {
			l.passed[lane] = 0
			continue
		}
		if l.active[lane] >= l.most[lane] {
			continue
		}
		if l.passed[lane] >= patience {
			return lane, true
		}
		if !ok && active+l.spare[lane] < l.calls {
			found, ok = lane, true
		}
	}
	return found, ok
}

func (l *lanes) done(lane verify.Lane) { l.active[lane]-- }
