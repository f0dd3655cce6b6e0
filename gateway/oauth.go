package gateway

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	"github.com/valyala/fasthttp"

	v1 "github.com/verigate/verigate/gateway/v1"
	"github.com/verigate/verigate/verify"
)

// The OAuth dialect: access tokens by client credentials (RFC 6749, 4.4), its errors as that document writes them.

var (
	headerPragma   = []byte("Pragma")
	noCache        = []byte("no-cache")
	cacheable      = []byte("public, max-age=300")
	basicChallenge = []byte(`Basic realm="verigate"`)
)

// accessToken is POST /oauth/token.
func (x *exchange) accessToken() {
	x.mark(stepIdentify)
	req, problem := x.tokenRequest()
	if problem.Refused() {
		x.refuse(problem)
		return
	}
	caller, refusal := x.s.deps.Tokens.Client(x.now, &req)
	x.caller = caller
	if refusal == verify.RefusalNone {
		refusal = demanded(caller, req.Certificate)
	}
	if !x.enter(refusal, 1) {
		return
	}
	grant, refusal := x.s.deps.Tokens.Issue(x.now, caller, &req)
	if refusal != verify.RefusalNone {
		x.retryAfter = x.s.cfg.RetryAfter.Std()
		x.refuse(v1.Problem{Refusal: refusal})
		return
	}
	if !x.record(loginCode) {
		return
	}
	x.mark(stepAnswer)
	x.writeToken(&grant)
}

func (x *exchange) writeToken(grant *verify.TokenGrant) {
	x.writeOAuth(fasthttp.StatusOK, struct {
		Token string `json:"access_token"`
		Type  string `json:"token_type"`
		Life  int64  `json:"expires_in"`
		Scope string `json:"scope"`
	}{string(grant.Token), "Bearer", int64(grant.Life.Seconds()), strings.Join(grant.Scopes.Names(), " ")})
}

func (x *exchange) writeOAuth(status int, v any) {
	out, err := json.Marshal(v)
	if err != nil {
		status, out = fasthttp.StatusInternalServerError, []byte("{}")
	}
	x.out = append(x.out[:0], out...)
	x.write(status, contentTypeJSON)
	x.rc.Response.Header.SetCanonical(headerPragma, noCache)
}

// tokenRequest reads what was asked for and by whom; nothing of it is checked yet.
func (x *exchange) tokenRequest() (req verify.TokenRequest, p v1.Problem) {
	h := &x.rc.Request.Header
	if !mediaType(h.ContentType(), "application/x-www-form-urlencoded") || encoded(h) {
		return req, v1.Problem{Refusal: verify.RefusalBody}
	}
	form, err := url.ParseQuery(string(x.body))
	if err != nil {
		return req, v1.Problem{Refusal: verify.RefusalBody}
	}
	for name, values := range form {
		if len(values) > 1 {
			return req, v1.Problem{Refusal: verify.RefusalBody, Field: knownParameter(name)}
		}
	}
	switch form.Get("grant_type") {
	case "client_credentials":
	case "":
		return req, v1.Problem{Refusal: verify.RefusalBody, Field: "grant_type"}
	default:
		return req, v1.Problem{Refusal: verify.RefusalField, Field: "grant_type"}
	}
	if p = x.tokenClient(&req, form); p.Refused() {
		return req, p
	}
	req.ID = x.batch.RequestID
	return req, wanted(&req, form)
}

// knownParameter keeps a name that a caller made up out of an answer.
func knownParameter(name string) string {
	switch name {
	case "grant_type", "client_id", "client_assertion", "client_assertion_type", "scope", "purpose":
		return name
	}
	return ""
}

// wanted reads the scopes and the purpose that the token is to be narrowed to.
func wanted(req *verify.TokenRequest, form url.Values) v1.Problem {
	for name := range strings.FieldsSeq(form.Get("scope")) {
		s := verify.ScopeOf(name)
		if s == 0 {
			return v1.Problem{Refusal: verify.RefusalScope, Field: "scope"}
		}
		req.Scopes |= s
	}
	if text := form.Get("purpose"); text != "" {
		if req.Purpose = verify.PurposeOf([]byte(text)); req.Purpose == verify.PurposeNone {
			return v1.Problem{Refusal: verify.RefusalPurpose, Field: "purpose"}
		}
	}
	return v1.Problem{}
}

// assertionType is the only one there is (RFC 7523, 2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// tokenClient reads who asks: by exactly one of a secret, an assertion and the connection's certificate.
func (x *exchange) tokenClient(req *verify.TokenRequest, form url.Values) v1.Problem {
	shown, refusal := x.certificate()
	header := x.rc.Request.Header.Peek(fasthttp.HeaderAuthorization)
	req.Client, req.Certificate, req.Assertion = form.Get("client_id"), shown, []byte(form.Get("client_assertion"))
	x.identified = len(header) > 0 || len(req.Assertion) > 0 || shown != nil || refusal != verify.RefusalNone
	switch {
	case refusal != verify.RefusalNone:
		return v1.Problem{Refusal: refusal}
	case len(header) > 0 && len(req.Assertion) > 0, form.Has("client_secret") && x.identified:
		return v1.Problem{Refusal: verify.RefusalBody} // one way at a time
	case len(header) > 0:
		return basicClient(req, header)
	case len(req.Assertion) > 0 && form.Get("client_assertion_type") != assertionType:
		return v1.Problem{Refusal: verify.RefusalBody, Field: "client_assertion_type"}
	case len(req.Assertion) == 0 && (shown == nil || req.Client == ""):
		return v1.Problem{Refusal: verify.RefusalKeyMissing}
	}
	return v1.Problem{}
}

// basicClient reads client_secret_basic: both halves are form-encoded before they are joined (RFC 6749, 2.3.1).
func basicClient(req *verify.TokenRequest, header []byte) v1.Problem {
	text := schemeOf(header, "Basic ")
	if len(text) > maxBearer {
		return v1.Problem{Refusal: verify.RefusalKeyMalformed}
	}
	if len(text) == 0 {
		return v1.Problem{Refusal: verify.RefusalKeyMissing}
	}
	plain, err := base64.StdEncoding.AppendDecode(nil, text)
	name, secret, ok := bytes.Cut(plain, []byte(":"))
	client, err2 := url.QueryUnescape(string(name))
	key, err3 := url.QueryUnescape(string(secret))
	switch {
	case errors.Join(err, err2, err3) != nil || !ok:
		return v1.Problem{Refusal: verify.RefusalKeyMalformed}
	case key == "":
		return v1.Problem{Refusal: verify.RefusalKeyMissing}
	case req.Client != "" && req.Client != client:
		return v1.Problem{Refusal: verify.RefusalBody, Field: "client_id"}
	}
	req.Client, req.Secret = client, []byte(key)
	return v1.Problem{}
}

// tokenError is the code and status of RFC 6749, 5.2, for a refusal; ok is false for what that document has no word for.
func tokenError(r verify.Refusal) (code string, status int, ok bool) {
	switch r {
	case verify.RefusalBody:
		return "invalid_request", fasthttp.StatusBadRequest, true
	case verify.RefusalField:
		return "unsupported_grant_type", fasthttp.StatusBadRequest, true
	case verify.RefusalScope, verify.RefusalPurpose:
		return "invalid_scope", fasthttp.StatusBadRequest, true
	case verify.RefusalSuspended, verify.RefusalHarvest:
		return "unauthorized_client", fasthttp.StatusBadRequest, true
	}
	if (v1.Problem{Refusal: r}).Meaning().Status == fasthttp.StatusUnauthorized {
		return "invalid_client", fasthttp.StatusUnauthorized, true
	}
	return "", 0, false
}

// writeTokenError writes x.problem as RFC 6749 does, if it has a word for it; the description begins with the stable code
// that the audit log has too.
func (x *exchange) writeTokenError() bool {
	code, status, ok := tokenError(x.problem.Refusal)
	if !ok {
		return false
	}
	m := x.problem.Meaning()
	text := m.Code + ": " + m.Title[v1.English]
	if x.problem.Field != "" {
		text += " (" + x.problem.Field + ")"
	}
	x.writeOAuth(status, struct {
		Error string `json:"error"`
		Text  string `json:"error_description"`
	}{code, text})
	if status == fasthttp.StatusUnauthorized {
		x.rc.Response.Header.SetCanonical(headerChallenge, basicChallenge)
	}
	return true
}

// tokenKeys is GET /oauth/jwks.
func (x *exchange) tokenKeys() { x.publish(x.s.deps.Tokens.Keys()) }

// tokenMetadata is GET /.well-known/oauth-authorization-server (RFC 8414).
func (x *exchange) tokenMetadata() { x.publish(x.s.deps.Tokens.Metadata()) }

func (x *exchange) publish(text []byte) {
	x.out = append(x.out[:0], text...)
	x.write(fasthttp.StatusOK, contentTypeJSON)
	x.rc.Response.Header.SetCanonical(headerCache, cacheable)
}
