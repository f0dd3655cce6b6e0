package clients

import (
	"net/netip"
	"time"

	"github.com/verigate/verigate/verify"
)

// paceStranger is how many credentials that nobody holds an address may show: enough for a hospital whose programs all
// hold an old key, and then five a second, as for log-ins.
var paceStranger = paceOf(200*time.Millisecond, 200)

// strangerRetry is what an address that has shown too many is told to wait.
const strangerRetry = time.Second

// Stranger is told of a credential that nobody holds and tells whether its address (an IPv6 /64 is one) has shown too
// many. Good credentials are not counted and not asked about, so nobody is locked out by what others guess from the same
// address. It does not allocate.
func (d *Directory) Stranger(now verify.Instant, addr netip.Addr) verify.Verdict {
	if d.unlimited || d.strangers.take(addressOf(d.seed, addr), now.Mono, paceStranger) {
		d.count.strangers.Inc()
		return verify.Verdict{}
	}
	d.count.strangersSlowed.Inc()
	return verify.Verdict{Refusal: verify.RefusalRate, RetryAfter: strangerRetry}
}
