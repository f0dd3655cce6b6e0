package clients

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"unsafe"

	"github.com/verigate/verigate/verify"
)

// TestKeyringTellsNeighboursApart puts keys into the ring whose ids want the same cell, some with the same id.
func TestKeyringTellsNeighboursApart(t *testing.T) {
	const ids, same = 100, 3
	r := newKeyring(ids * same)
	var keys [][]byte
	for id := uint64(0); len(keys) < ids*same; id++ {
		key := []byte("vg_xxxxxxxx_" + strings.Repeat("s", keySecretLen) + "_000000")
		binary.LittleEndian.PutUint64(key[len(keyPrefix):], id)
		if hashOf(key[len(keyPrefix):])>>r.shift != 1<<(64-r.shift)-1 { // the last cell, from where the search goes on with the first
			continue
		}
		for i := range same {
			keys = append(keys, bytes.Clone(key))
			keys[len(keys)-1][keyEnd-1] += byte(i)
		}
	}
	for i, key := range keys {
		r.put(string(key[len(keyPrefix):keyIDEnd]), &credential{digest: digestOf(key), caller: verify.Caller{Slot: i / same}})
	}
	told := -1
	tell := func(slot int) { told = slot }
	for i, key := range keys {
		r.expect(key)
		if c := r.find(key, tell); c == nil || c.digest != digestOf(key) || told != i/same {
			t.Fatalf("key %d: %v, told of %d", i, c, told)
		}
	}
	other := make([]byte, APIKeyLen)
	for _, at := range []int{len(keyPrefix), keyIDEnd - 1, keyIDEnd + 1, keyEnd - 1} {
		copy(other, keys[0])
		if other[at] += same; r.find(other, tell) != nil {
			t.Errorf("a key that differs in character %d was never put in", at)
		}
	}
	told = -1
	empty := newKeyring(0)
	if c := empty.find(keys[0], tell); c != nil || told != -1 {
		t.Error("nothing was put in")
	}
}

// TestCredentialsLieOnCacheLines: what is looked at to find a credential must not reach into its caller's line.
func TestCredentialsLieOnCacheLines(t *testing.T) {
	const line = 64
	var c credential
	if n := unsafe.Offsetof(c.caller); n != line {
		t.Errorf("the caller begins at %d", n)
	}
	if n := unsafe.Offsetof(c.caller.Slot) + unsafe.Sizeof(c.caller.Slot); n > line {
		t.Errorf("what a request needs of its caller ends at %d", n)
	}
	if n := unsafe.Sizeof(c); n%line != 0 {
		t.Errorf("a credential has %d bytes, %d more than whole lines", n, n%line)
	}
	if n := unsafe.Sizeof(slot{}); n != line {
		t.Errorf("a slot has %d bytes", n)
	}
}
