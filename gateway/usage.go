package gateway

import (
	"encoding/json"

	"github.com/valyala/fasthttp"

	v1 "github.com/verigate/verigate/gateway/v1"
	"github.com/verigate/verigate/verify"
)

// usage is GET /v1/usage. It costs nothing, so that a caller can ask when it has nothing left.
func (x *exchange) usage() {
	if !x.identifyKey(0) {
		return
	}
	u := x.s.deps.Limits.Usage(x.now, x.caller)
	out, err := json.Marshal(v1.NewUsage(x.caller, x.s.deps.Policy.Entitlements(), &u, x.batch.RequestID))
	if err != nil {
		x.refuse(v1.Problem{Refusal: verify.RefusalInternal})
		return
	}
	x.out = append(x.out[:0], out...)
	x.write(fasthttp.StatusOK, contentTypeJSON)
}
