package gateway

import (
	"errors"
	"io"
	"time"

	v1 "github.com/verigate/verigate/gateway/v1"
	"github.com/verigate/verigate/verify"
)

// answer renders a line for each row of the chunk in hand into the exchange's buffer.
func (st *stream) answer() {
	x := st.x
	x.out = x.out[:0]
	if len(st.rows) == 0 {
		return
	}
	st.admit()
	for first := 0; first < len(st.rows); {
		next := st.fill(first)
		st.recordRefused(st.rows[first:next])
		if len(x.batch.Items) > 0 {
			st.resolve()
		}
		st.render(first, next)
		first = next
	}
}

// longestPause is how long a stream waits for its caller's rate before it looks whether the server stops.
const longestPause = 5 * time.Second

// admit looks whether the credential still counts and asks the caller's limits for the chunk. A rate that is used up
// slows the stream down; a refusal that waiting does not mend ends it, all further lines being told why.
func (st *stream) admit() {
	x := st.x
	if !st.stop.Refused() {
		st.stop = v1.Problem{Refusal: x.lost()}
	}
	for !st.stop.Refused() && !x.s.stopping.Load() {
		v := x.s.deps.Limits.Spend(x.s.deps.Clock(), x.caller, len(st.rows))
		switch v.Refusal {
		case verify.RefusalNone:
			x.delay = v.Delay
			return
		case verify.RefusalRate, verify.RefusalConcurrency:
			st.rest(v.RetryAfter)
		default:
			st.stop = v1.Problem{Refusal: v.Refusal}
		}
	}
}

// rest waits as long as the caller is told to, and lets others run meanwhile.
func (st *stream) rest(d time.Duration) {
	st.rise()
	pause(min(max(d, time.Millisecond), longestPause))
	st.sit()
}

func pause(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // back-pressure: the connection's own goroutine waits, holding no slot
}

// slowTries is how often a row is asked for again that the caller's budget has no room for, while other requests of the
// caller are under way.
const slowTries = 10

// ask asks the caller's budget for a row. It returns false when the rows before it must be answered first: until it is
// seen what they bring, a budget lets only so many questions through.
func (st *stream) ask(r *row, waiting bool) bool {
	x := st.x
	r.subject = x.s.deps.Hasher.Subject(r.query.Key)
	for try := 0; ; try++ {
		v := x.s.deps.Budget.Ask(x.now, x.caller, r.staff, r.subject, r.query.Key)
		x.delay = max(x.delay, v.Delay)
		switch {
		case v.Refusal != verify.RefusalHarvestSlow || try == slowTries || x.s.stopping.Load():
			r.problem = v1.Problem{Refusal: v.Refusal}
			return true
		case waiting:
			return false
		}
		st.rest(v.RetryAfter)
	}
}

// recordRefused puts the rows that are not looked up into the audit log; when it refuses, their reply is only that
// nothing can be known.
func (st *stream) recordRefused(rows []row) {
	x := st.x
	st.audit = st.audit[:0]
	for i := range rows {
		if r := &rows[i]; r.problem.Refused() {
			st.audit = append(st.audit, verify.Decision{
				At: x.now, RequestID: x.batch.RequestID, Row: r.n, Caller: x.caller, Call: verify.CallBatch, Purpose: r.purpose,
				Staff: r.staff, Kind: r.query.Key.Kind(), Subject: r.subject, Code: r.problem.Meaning().Code,
			})
		}
	}
	if len(st.audit) == 0 || x.s.deps.Recorder.Record(x.ctx, st.audit) == nil {
		return
	}
	x.s.count.unlogged.Add(int64(len(st.audit)))
	for i := range rows {
		if r := &rows[i]; r.problem.Refused() {
			r.problem = v1.Problem{Refusal: verify.RefusalUnavailable}
		}
	}
}

// fill makes a batch of the rows from first on that share purpose and staff member, which a batch has one of, and
// returns where the next batch begins. It ends early when the caller's budget wants to see answers first.
func (st *stream) fill(first int) (next int) {
	b, id := &st.x.batch, st.x.batch.RequestID
	b.Reset()
	b.Now, b.RequestID, b.Deadline = st.x.now, id, st.x.s.cfg.Deadline.Std()
	b.Caller, b.Call, b.Entitlements, b.Seat = st.x.caller, verify.CallBatch, st.rights, &st.seat
	for next = first; next < len(st.rows); next++ {
		r := &st.rows[next]
		if st.stop.Refused() {
			r.problem = st.stop
		}
		if r.problem.Refused() {
			continue
		}
		began := len(b.Items) > 0
		if began && (b.Purpose != r.purpose || b.Staff != r.staff) || !st.ask(r, began) {
			return next
		}
		if r.problem.Refused() {
			continue
		}
		b.Purpose, b.Staff = r.purpose, r.staff
		item := b.Add()
		item.Query, item.Subject, item.Row = r.query, r.subject, r.n
	}
	return next
}

// resolve looks the batch up, holding a slot like any request for as long as that takes.
func (st *stream) resolve() {
	x := st.x
	give := x.s.slots.takeLast()
	for ; give == nil; give = x.s.slots.takeLast() {
		pause(max(x.s.cfg.QueueWait.Std(), 10*time.Millisecond))
	}
	defer give()
	x.batch.Now = x.s.deps.Clock() // rows and slots were waited for; ages count from here
	x.s.deps.Resolver.Resolve(x.ctx, &x.batch)
	x.ctx = x.s.ctx // a sampled stream is traced for its first batch: a trace with a million rows helps nobody
}

func (st *stream) render(first, next int) {
	x, item := st.x, 0
	for i := first; i < next; i++ {
		r := &st.rows[i]
		if !r.problem.Refused() {
			it := &x.batch.Items[item]
			item++
			if it.Answer.Outcome != verify.OutcomeUnavailable && !it.Withheld {
				x.out = v1.AppendVerification(x.out, it, x.lang, x.batch.RequestID, r.n)
				x.out = append(x.out, '\n')
				x.s.count.lines.Inc()
				continue
			}
			r.problem = v1.Problem{Refusal: verify.RefusalUnavailable}
			if it.Withheld {
				r.problem = v1.Problem{Refusal: verify.RefusalWithheld}
			}
		}
		st.problem(r.problem, r.n)
	}
}

func (st *stream) problem(p v1.Problem, n uint32) {
	x := st.x
	x.out = append(p.AppendLine(x.out, x.lang, x.batch.RequestID, n), '\n')
	x.s.count.badLines.Inc()
}

// cut says in a last line why the stream ends before its end.
func (st *stream) cut(why error) {
	p := v1.Problem{Refusal: verify.RefusalBody}
	switch {
	case errors.Is(why, errStopping):
		p.Refusal = verify.RefusalOverloaded
	case timedOut(why):
		p.Refusal = verify.RefusalTimeout
	}
	st.x.problem = p
	st.problem(p, st.row+1)
}

// send writes what was rendered as one piece, after the pause that a slowed caller must bear.
func (st *stream) send(w io.Writer) (int64, error) {
	x := st.x
	if len(x.out) == 0 {
		return 0, nil
	}
	if x.delay > 0 {
		pause(min(x.delay, x.s.cfg.MaxDelay.Std()))
	}
	if err := x.rc.SetWriteDeadline(time.Now().Add(x.s.cfg.WriteTimeout.Std())); err != nil {
		return 0, err
	}
	n, err := w.Write(x.out)
	return int64(n), err
}
