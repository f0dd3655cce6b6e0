package registry

import (
	"encoding/json"
	"strconv"

	"github.com/valyala/fasthttp"
)

// problem is a refusal as RFC 9457 wants it. Its texts name the rule and never what was sent.
type problem struct {
	status int
	code   string // stable, for programs
	detail string // one sentence, for people
	index  int    // of the key that is wrong; -1: none
	retry  int    // seconds; 0: not said
}

func refuse(status int, code, detail string) *problem {
	return &problem{status: status, code: code, detail: detail, index: -1}
}

// The refusals that carry nothing of the request.
var (
	errUnauthorized = refuse(401, "credential_invalid", "the bearer token is missing or wrong")
	errPath         = refuse(404, "path_unknown", "there is no such call")
	errMethod       = refuse(405, "method_not_allowed", "this call does not know that method")
	errBody         = refuse(400, "body_malformed", "the body is not the JSON this call takes")
	errTooLarge     = refuse(413, "body_too_large", "the body is larger than this call takes")
	errCount        = refuse(400, "keys_count", "a request carries 1 to 500 keys")
	errKind         = refuse(400, "kind_invalid", "kind must be id, code or card")
	errWait         = refuse(400, "wait_invalid", "wait must be a duration from 0s to 60s")
	errToken        = refuse(410, "token_expired", "the token is unknown or older than 7 days: start again from an export")
	errSnapshot     = refuse(409, "snapshot_gone", "this registry does not have that snapshot: start the export again")
	errAfter        = refuse(400, "after_invalid", "after must be a block number of the snapshot named beside it")
	errInternal     = refuse(500, "internal", "the registry failed")
	errOverloaded   = &problem{status: 503, code: "overloaded", detail: "the registry is at its capacity", index: -1, retry: 1}
)

// Error makes a problem an error for use inside the package.
func (p *problem) Error() string { return p.code + ": " + p.detail }

// send writes p as the whole reply.
func (p *problem) send(ctx *fasthttp.RequestCtx) {
	ctx.Response.Reset()
	ctx.SetStatusCode(p.status)
	ctx.SetContentType("application/problem+json")
	if p.status == fasthttp.StatusUnauthorized {
		ctx.Response.Header.Set("WWW-Authenticate", "Bearer")
	}
	if p.retry > 0 {
		ctx.Response.Header.Set("Retry-After", strconv.Itoa(p.retry))
	}
	body := struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Code   string `json:"code"`
		Detail string `json:"detail"`
		Index  *int   `json:"index,omitempty"`
	}{Type: "about:blank", Title: fasthttp.StatusMessage(p.status), Status: p.status, Code: p.code, Detail: p.detail}
	if p.index >= 0 {
		body.Index = &p.index
	}
	text, _ := json.Marshal(body) // strings and numbers only: cannot fail
	ctx.SetBody(text)
}
