package budget

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/internal/watched"
	"github.com/verigate/verigate/verify"
)

// maxCanaryFile bounds a list, as it does every secret file: more than four thousand ID numbers.
const maxCanaryFile = 64 << 10

// canaryPoll is how often the file is looked at; one written in place has to look the same twice.
const canaryPoll = time.Second

// canaryWatch is the list in force and the file it comes from. Questions only load the list; everything else belongs to
// the goroutine that watches the file.
type canaryWatch struct {
	list    atomic.Pointer[canaryList] // never nil
	refused atomic.Pointer[string]     // why the file as it is now is not in force; nil: it is
	file    *watched.File              // nil: there is none
}

// open reads the list for the first time.
func (c *canaryWatch) open(file config.SecretFile, hasher *verify.SubjectHasher) error {
	c.list.Store(new(canaryList))
	if !file.Set() {
		return nil
	}
	c.file = &watched.File{Path: string(file), Limit: maxCanaryFile}
	l, err := c.read(hasher)
	if err != nil {
		return err
	}
	c.list.Store(l)
	return nil
}

func (c *canaryWatch) read(hasher *verify.SubjectHasher) (*canaryList, error) {
	text, err := c.file.Read()
	if err != nil {
		return nil, err
	}
	l, err := parseCanaries(text, hasher)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.file.Path, err)
	}
	return l, nil
}

// watchCanaries puts a changed list in force until ctx ends.
func (b *Budget) watchCanaries(ctx context.Context) {
	b.canary.file.Run(ctx, canaryPoll, b.reloadCanaries)
}

// reloadCanaries puts the file in force whole, or tells once why not and leaves the list as it was: also when the file is
// gone or empty, because nobody is to switch the alarm off by losing it.
func (b *Budget) reloadCanaries() {
	c := &b.canary
	l, err := c.read(b.deps.Hasher)
	e := Event{ID: randomHex(16), At: timestamp(b.deps.Clock()), Kind: EventCanaries, Node: b.node}
	if err != nil {
		reason := err.Error()
		if old := c.refused.Swap(&reason); old != nil && *old == reason {
			return
		}
		e.Kind, e.Reason = EventCanariesRefused, reason
	} else {
		c.list.Store(l)
		c.refused.Store(nil)
	}
	e.Canaries = c.list.Load().people
	b.queue(&e)
}
