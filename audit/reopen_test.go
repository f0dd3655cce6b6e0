package audit_test

import (
	"context"
	"sync"
	"testing"

	"github.com/verigate/verigate/verify"
)

func TestReopen(t *testing.T) {
	cfg := settings(t)
	for range 3 {
		l := open(t, cfg)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for i := range 1000 {
					if err := l.Record(context.Background(), []verify.Decision{decision(byte(i)), decision(byte(i + 1))}); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		if err := l.Healthy(); err != nil {
			t.Error(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
