package mac_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"testing"

	"github.com/verigate/verigate/internal/mac"
)

// The standard library is the reference: for every length of key and message around the block size the sums agree.
func TestSumIsHMAC(t *testing.T) {
	for _, keyLen := range []int{0, 1, 32, 63, 64, 65, 200} {
		key := bytes.Repeat([]byte{0xa5}, keyLen)
		k := mac.New(key)
		for _, n := range []int{0, 1, 16, 55, 56, 63, 64, 100, 191, 192, 1000} {
			msg := bytes.Repeat([]byte{byte(n)}, n)
			ref := hmac.New(sha256.New, key)
			ref.Write([]byte{7})
			ref.Write(msg)
			if got := k.Sum(7, msg); !bytes.Equal(got[:], ref.Sum(nil)) {
				t.Errorf("key of %d bytes, message of %d bytes: differs from crypto/hmac", keyLen, n)
			}
		}
	}
}

func TestLabelsKeepUsesApart(t *testing.T) {
	k := mac.New([]byte("secret"))
	if k.Sum(1, []byte("x")) == k.Sum(2, []byte("x")) {
		t.Error("two labels give the same sum")
	}
}

func BenchmarkSum(b *testing.B) {
	k, msg := mac.New(make([]byte, 32)), make([]byte, 16)
	b.ReportAllocs()
	for b.Loop() {
		k.Sum(1, msg)
	}
}
