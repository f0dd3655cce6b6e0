package audit

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/netip"
)

// Event is what is recorded besides decisions: starts, stops, log-ins of operators, changes of configuration and
// directory, trouble with the log itself. Nothing in it may tell about a citizen.
type Event struct {
	At     int64             `json:"-"` // nanoseconds since the Unix epoch
	Kind   string            `json:"kind"`
	Actor  string            `json:"actor,omitempty"` // who did it: an operator's id, "gateway"
	Detail map[string]string `json:"detail,omitempty"`
}

const maxEvent = 16 << 10

func encodeEvent(e *Event) ([]byte, error) {
	text, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("writing event %s: %w", e.Kind, err)
	}
	if len(text) > maxEvent {
		return nil, fmt.Errorf("writing event %s: it has %d bytes, more than %d", e.Kind, len(text), maxEvent)
	}
	return append(binary.LittleEndian.AppendUint64(nil, uint64(e.At)), text...), nil
}

func decodeEvent(b []byte, e *Event) error {
	if len(b) < 8 {
		return errBody
	}
	*e = Event{At: int64(binary.LittleEndian.Uint64(b))}
	if err := json.Unmarshal(b[8:], e); err != nil {
		return errBody
	}
	return nil
}

// Count stands for many refusals of one kind to one caller, or from one address, within one second.
type Count struct {
	At      int64 // begin of the second, nanoseconds since the Unix epoch
	Number  uint32
	Caller  string // empty: not a known caller
	Address netip.Addr
	Code    string // the refusal's stable code
}

// The body of a count: at 8, number 4, lengths of address, caller and code 3, one zero, then these.
const countFixed = 16

func encodeCount(b []byte, c *Count) []byte {
	caller, code := short(c.Caller), short(c.Code)
	var address []byte
	if c.Address.IsValid() {
		a := c.Address.As16()
		address = a[:]
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(c.At))
	b = binary.LittleEndian.AppendUint32(b, c.Number)
	b = append(b, byte(len(address)), byte(len(caller)), byte(len(code)), 0)
	return append(append(append(b, address...), caller...), code...)
}

func decodeCount(b []byte, c *Count) error {
	if len(b) < countFixed || len(b) != countFixed+int(b[12])+int(b[13])+int(b[14]) || b[12] != 0 && b[12] != 16 {
		return errBody
	}
	*c = Count{At: int64(binary.LittleEndian.Uint64(b)), Number: binary.LittleEndian.Uint32(b[8:])}
	rest := b[countFixed:]
	if b[12] != 0 {
		c.Address = netip.AddrFrom16([16]byte(rest[:16])).Unmap()
		rest = rest[16:]
	}
	c.Caller, c.Code = string(rest[:b[13]]), string(rest[b[13]:])
	return nil
}
