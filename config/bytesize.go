package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ByteSize is an amount of memory or disk in bytes, written with a binary unit ("64KiB", "1GiB") or as plain bytes.
type ByteSize int64

var byteUnits = []struct {
	name string
	size ByteSize
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

// Bytes returns the size as a number of bytes.
func (b ByteSize) Bytes() int64 { return int64(b) }

// String returns the size in the largest unit that divides it: 65536 is "64KiB".
func (b ByteSize) String() string {
	for _, u := range byteUnits {
		if b != 0 && b%u.size == 0 && u.size > 1 {
			return strconv.FormatInt(int64(b/u.size), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(b), 10)
}

// UnmarshalText reads a size; decimal units (kB, MB) are refused because half the world means the binary ones by them.
func (b *ByteSize) UnmarshalText(text []byte) error {
	number, unit := string(text), ByteSize(1)
	for _, u := range byteUnits {
		if n, ok := strings.CutSuffix(number, u.name); ok {
			number, unit = strings.TrimRight(n, " "), u.size
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/int64(unit) {
		return fmt.Errorf("%q is not a size such as 512, 64KiB, 16MiB or 1GiB", text)
	}
	*b = ByteSize(n) * unit
	return nil
}

// MarshalText writes what [ByteSize.String] returns.
func (b ByteSize) MarshalText() ([]byte, error) { return []byte(b.String()), nil }
