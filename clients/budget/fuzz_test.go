package budget

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// FuzzDecode: whatever another node's field holds, it is refused, or its counts are such that sums and estimates stay in
// bounds.
func FuzzDecode(f *testing.F) {
	a := &account{epoch: 41_000}
	a.now.people.add(12345)
	a.now.n[strangers] = 3
	f.Add(string(a.encode()))
	f.Add("")
	f.Add(string([]byte{wireVersion}) + strings.Repeat("\xff", wireSize-1))
	f.Fuzz(func(t *testing.T, text string) {
		_, now, then, err := decode(text)
		if err != nil {
			return
		}
		b := &account{epoch: a.epoch}
		b.merge(map[string]string{"other": text}, "self")
		for _, c := range []*counts{&now, &then} {
			if n := estimate(&c.people.reg); n < 0 || n != n {
				t.Errorf("%v people", n)
			}
		}
		for s := range counted {
			if n := b.others.n[s]; n < 0 || n > 1<<31 {
				t.Errorf("%d %s", n, s)
			}
		}
		if b.others.people < 0 {
			t.Errorf("%d people", b.others.people)
		}
	})
}

func TestCountsSurviveTheWire(t *testing.T) {
	a := &account{epoch: 41_000}
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		a.now.people.add(r.Uint64())
	}
	a.now.n[strangers], a.then.n[misses] = 3, 7
	epoch, now, then, err := decode(string(a.encode()))
	if err != nil || epoch != a.epoch || now.people.reg != a.now.people.reg || now.n[strangers] != 3 || then.n[misses] != 7 {
		t.Errorf("epoch %d, %v, %v, %v", epoch, now.n, then.n, err)
	}
	if n := estimate(&now.people.reg); n < 400 || n > 600 {
		t.Errorf("%v people of 500", n)
	}
}
