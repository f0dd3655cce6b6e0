package registry

import (
	"context"
	"io"
	"os"
	"time"

	"github.com/verigate/verigate/identity"
)

// ParseKeys is the decoder of request bodies.
func ParseKeys(body []byte) ([]identity.Key, error) {
	keys, p := parseKeys(body, nil)
	if p != nil {
		return nil, p
	}
	return keys, nil
}

// Feed writes the feed after a token for a while, as GET /changes does, without a connection in between.
func (r *Registry) Feed(ctx context.Context, token string, wait time.Duration, out io.Writer) error {
	after, ok := r.feed.begin(token)
	if !ok {
		return errToken
	}
	reader := feedReader{feed: r.feed, after: after, every: r.config.Heartbeat, out: out}
	return reader.run(ctx, wait)
}

// Births makes people without a request.
func (r *Registry) Births(count int) error {
	_, err := r.birth(&command{Count: &count, Province: "001"})
	return err
}

// SetFeed sets how the feed behaves.
func (r *Registry) SetFeed(mode string) {
	r.feed.setMode(feedMode(mode))
}

// Latency draws from the latency that faults add.
func Latency(f Faults) time.Duration { return f.latency() }

// Answers renders the reply to a request body, as POST /records does, and returns its length.
func (r *Registry) Answers(body []byte) int {
	w := r.works.Get().(*work)
	defer r.works.Put(w)
	w.keys, _ = parseKeys(body, w.keys[:0])
	return len(r.answer(w))
}

// FailWrites makes every further write to the data folder fail.
func (r *Registry) FailWrites() error {
	r.lab.Lock()
	defer r.lab.Unlock()
	readOnly, err := os.Open(r.journal.file.Name())
	if err != nil {
		return err
	}
	whole := r.journal.file
	r.journal.file = readOnly
	return whole.Close()
}

// NewQueue returns the turns of a registry that serves so many requests a second.
func NewQueue(rps float64) func(now time.Time) (wait time.Duration, ok bool) {
	q := new(queue)
	return func(now time.Time) (time.Duration, bool) { return q.turn(now, rps) }
}
