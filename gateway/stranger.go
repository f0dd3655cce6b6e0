package gateway

import (
	"net/netip"

	v1 "github.com/verigate/verigate/gateway/v1"
	"github.com/verigate/verigate/verify"
)

// Strangers slows addresses down that show credentials nobody holds. It is only told of such credentials, so that a good
// one passes from whatever address. It fails open.
type Strangers interface {
	Stranger(now verify.Instant, addr netip.Addr) verify.Verdict
}

// Floods is a Recorder that counts what strangers are refused by address and second instead of listing it.
type Floods interface {
	Refused(c *verify.Caller, addr netip.Addr, code string) error
}

type noStrangers struct{}

func (noStrangers) Stranger(verify.Instant, netip.Addr) verify.Verdict { return verify.Verdict{} }

// turnAway refuses a credential. One that nobody holds counts against its address; who has shown too many of them is
// told to wait, whatever the next one is, unless it is good.
func (x *exchange) turnAway(refusal verify.Refusal) bool {
	if x.stranger = guessed(refusal); x.stranger {
		if v := x.s.deps.Strangers.Stranger(x.now, x.address()); v.Refusal != verify.RefusalNone {
			refusal, x.retryAfter = v.Refusal, v.RetryAfter
		}
	}
	return x.refuse(v1.Problem{Refusal: refusal})
}

// guessed tells whether a refusal is of a credential that may be anybody's invention. The account that a bad portal token
// names proves nothing; an expired or revoked credential was somebody's.
func guessed(r verify.Refusal) bool {
	return r == verify.RefusalKeyUnknown || r == verify.RefusalKeyMalformed
}

// recordStranger counts a refusal of a stranger's by address; false: the log cannot.
func (x *exchange) recordStranger(code string) bool {
	return x.s.floods.Refused(nil, x.address(), code) == nil
}
