package gateway

import (
	"github.com/valyala/fasthttp"

	"github.com/verigate/verigate/gateway/portal"
	v1 "github.com/verigate/verigate/gateway/v1"
	"github.com/verigate/verigate/verify"
)

// The walks: what each call does once it is admitted. A step that returns false has answered.

// lookup is POST /v1/lookup.
func (x *exchange) lookup() {
	if x.identifyKey(1) && x.parseQuestion() {
		x.resolve()
		x.answerQuestion()
	}
}

// resolve hands the batch to the middle of the walk.
func (x *exchange) resolve() {
	x.mark("")
	x.s.deps.Resolver.Resolve(x.ctx, &x.batch)
}

// verification is POST /v1/verify, one question or a stream of them.
func (x *exchange) verification() {
	if x.streamed() {
		x.stream()
		return
	}
	if x.identifyKey(1) && x.parseQuestion() {
		x.resolve()
		x.answerQuestion()
	}
}

// portalLookup is any of the portal's lookups.
func (x *exchange) portalLookup() {
	if x.identifyToken() && x.parsePortal() {
		x.resolve()
		x.answerPortal()
	}
}

// portalDetail is nhanHoSoKCBChiTiet: this gateway keeps no visits, so whichever is asked for is not there.
func (x *exchange) portalDetail() {
	if !x.identifyToken() || !x.record(verify.Status050.Code()) {
		return
	}
	x.out = portal.AppendStatus(x.out[:0], portal.CallDetail, verify.Status050, "")
	x.write(fasthttp.StatusOK, contentTypeJSON)
}

// openAPI is GET /openapi.yaml.
func (x *exchange) openAPI() {
	x.rc.Response.SetBodyRaw(v1.OpenAPI)
	x.header(fasthttp.StatusOK, contentTypeYAML)
}
