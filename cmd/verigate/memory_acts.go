package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/verigate/verigate/cache"
	"github.com/verigate/verigate/cache/prefilter"
	"github.com/verigate/verigate/gateway/admin"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// What operators may do with what is in memory.

// checkMost bounds one check: what is more is asked for in several.
const checkMost = 10_000

// checkRequest asks for a check of the identifiers given, and of some that the registry draws.
type checkRequest struct {
	Keys   []checkKey `json:"keys"`
	Sample int        `json:"sample"` // identifiers from the registry's export, a third of each kind
}

type checkKey struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

// key is the identifier as filter and caches hold it; false if they cannot.
func (k *checkKey) key() (identity.Key, bool) {
	key, ok := identity.NewKey(identity.KindOf(k.Kind), k.Value)
	_, packs := identity.PackKey(key)
	return key, ok && packs
}

func (n *node) addMemoryActs() {
	m := n.memory
	if m.keeper != nil {
		n.admin.AddAct(admin.Act{Pattern: "POST /filter/rebuild", Name: "filter_rebuild", Do: func(w http.ResponseWriter, _ *http.Request, _ *verify.Caller) {
			m.keeper.Rebuild()
			admin.Answer(w, http.StatusAccepted, m.keeper.Status())
		}})
	}
	if m.tail != nil {
		n.admin.AddAct(admin.Act{Pattern: "POST /cache/check", Name: "cache_check", MaxBody: 1 << 20, Within: 5 * time.Minute, Do: n.checkMemory})
	}
}

func (n *node) checkMemory(w http.ResponseWriter, r *http.Request, _ *verify.Caller) {
	keys, err := n.keysToCheck(r)
	if err != nil {
		admin.Fail(w, err)
		return
	}
	checker := cache.Checker{Cache: n.memory.Cache, Asker: n.asker, Hasher: n.hasher, Clock: n.clock}
	if n.memory.filter != nil {
		checker.Filter = n.memory.filter
	}
	admin.Answer(w, http.StatusOK, checker.Check(r.Context(), keys))
}

func (n *node) keysToCheck(r *http.Request) ([]identity.Key, error) {
	var ask checkRequest
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&ask); err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return nil, err
		}
		return nil, errors.New(`reading the body: want {"keys":[{"kind":"id","value":"…"}],"sample":0}`) // what it holds may be identifiers
	}
	if total := len(ask.Keys) + ask.Sample; ask.Sample < 0 || total == 0 || total > checkMost {
		return nil, fmt.Errorf("keys and sample: together they must be 1 to %d", checkMost)
	}
	keys := make([]identity.Key, 0, len(ask.Keys)+ask.Sample)
	for i, k := range ask.Keys {
		key, ok := k.key()
		if !ok {
			return nil, fmt.Errorf("keys[%d]: not an identifier of its kind", i)
		}
		keys = append(keys, key)
	}
	drawn, err := n.memory.draw(r.Context(), ask.Sample)
	if err != nil {
		return nil, &admin.Fault{Status: http.StatusBadGateway, Code: "registry", Err: err}
	}
	return append(keys, drawn...), nil
}

// draw draws identifiers of every kind from the registry's export.
func (m *memory) draw(ctx context.Context, count int) (keys []identity.Key, err error) {
	kinds := []identity.Kind{identity.KindID, identity.KindCode, identity.KindCard}
	for i, kind := range kinds {
		want := (count - len(keys)) / (len(kinds) - i)
		if want == 0 {
			continue
		}
		some, err := prefilter.Sample(ctx, m.exports, kind, want)
		if err != nil {
			return nil, err
		}
		keys = append(keys, some...)
	}
	return keys, nil
}

// compare puts identifiers of the export to the registry, so that a filter on trial is held against its answers.
func (n *node) compare(ctx context.Context, count int) error {
	keys, err := n.memory.draw(ctx, count+count/10) // some were issued after the generation, or have changed since
	if err != nil {
		return err
	}
	for some := range slices.Chunk(keys, 500) {
		l := &verify.Lookup{Now: n.clock(), Batch: true, Keys: some, Subjects: make([]verify.Subject, len(some)), Held: make([]verify.Held, len(some))}
		for i, k := range some {
			l.Subjects[i] = n.hasher.Subject(k)
		}
		n.asker.Ask(ctx, l)
	}
	return ctx.Err()
}
