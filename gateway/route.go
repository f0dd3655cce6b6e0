package gateway

import (
	"github.com/valyala/fasthttp"

	"github.com/verigate/verigate/gateway/portal"
	"github.com/verigate/verigate/verify"
)

// route is one call of the edge.
type route struct {
	n       int    // its place among routes
	name    string // in metrics
	path    string // as documented; http.route of spans
	span    string // its span's name
	method  string
	allow   string
	call    verify.Call
	scope   verify.Scope
	lane    verify.Lane // by the call alone: the purpose is not known before there is a slot to read it in
	portal  portal.Call // CallNone: a call of the native API
	body    bool        // read the body before anything else is done
	streams bool        // a body of NDJSON is a stream, and not read before
	tokens  bool        // there only where access tokens are issued
	oauth   bool        // its errors are those of RFC 6749
	serve   func(x *exchange)
}

var (
	routeLookup  = &route{n: 1, name: "lookup", path: "/v1/lookup", span: "POST /v1/lookup", method: post, allow: post, call: verify.CallLookup, scope: verify.ScopeLookup, body: true, serve: (*exchange).lookup}
	routeVerify  = &route{n: 2, name: "verify", path: "/v1/verify", span: "POST /v1/verify", method: post, allow: post, call: verify.CallVerify, scope: verify.ScopeVerify, lane: verify.LaneRegistration, body: true, streams: true, serve: (*exchange).verification}
	routeUsage   = &route{n: 3, name: "usage", path: "/v1/usage", span: "GET /v1/usage", method: get, allow: get, serve: (*exchange).usage}
	routeOpenAPI = &route{n: 4, name: "openapi", path: "/openapi.yaml", span: "GET /openapi.yaml", method: get, allow: "GET, HEAD", serve: (*exchange).openAPI}
	routeToken   = &route{n: 5, name: "oauth_token", path: "/oauth/token", span: "POST /oauth/token", method: post, allow: post, call: verify.CallLogin, body: true, tokens: true, oauth: true, serve: (*exchange).accessToken}
	routeKeys    = &route{n: 6, name: "oauth_jwks", path: "/oauth/jwks", span: "GET /oauth/jwks", method: get, allow: get, tokens: true, serve: (*exchange).tokenKeys}
	routeOAuth   = &route{n: 7, name: "oauth_metadata", path: "/.well-known/oauth-authorization-server", span: "GET /.well-known/oauth-authorization-server", method: get, allow: get, tokens: true, serve: (*exchange).tokenMetadata}
	routeNone    = &route{n: 0, name: "none", path: "none", span: "none"}

	routesPortal = [portal.Calls]*route{
		portal.CallToken:      portalRoute(portal.CallToken, (*exchange).login),
		portal.CallLookup2017: portalRoute(portal.CallLookup2017, (*exchange).portalLookup),
		portal.CallLookup595:  portalRoute(portal.CallLookup595, (*exchange).portalLookup),
		portal.CallLookup2018: portalRoute(portal.CallLookup2018, (*exchange).portalLookup),
		portal.CallLookup2019: portalRoute(portal.CallLookup2019, (*exchange).portalLookup),
		portal.CallLookup2024: portalRoute(portal.CallLookup2024, (*exchange).portalLookup),
		portal.CallHistory:    portalRoute(portal.CallHistory, (*exchange).portalLookup),
		portal.CallDetail:     portalRoute(portal.CallDetail, (*exchange).portalDetail),
	}
)

const (
	post = fasthttp.MethodPost
	get  = fasthttp.MethodGet
)

func portalRoute(call portal.Call, serve func(*exchange)) *route {
	r := &route{n: firstPortal + int(call), name: call.String(), path: call.Path(), span: "POST " + call.Path(), method: post, allow: "POST, OPTIONS", call: verify.CallPortal, scope: verify.ScopeLookup, portal: call, body: true, serve: serve}
	if call == portal.CallToken {
		r.call = verify.CallLogin
	}
	return r
}

// routes returns every route at its place, for counters that are made once.
func routes() []*route {
	return append([]*route{routeNone, routeLookup, routeVerify, routeUsage, routeOpenAPI, routeToken, routeKeys, routeOAuth}, routesPortal[portal.CallToken:]...)
}

const firstPortal = 7 // the last place of a native route; portal calls begin at 1

// find returns the route of a path, decoded and normalised: of the native API exactly, of the portal's contract as
// loosely as its clients write it. It never returns nil.
func find(path []byte) *route {
	switch string(path) {
	case "/v1/lookup":
		return routeLookup
	case "/v1/verify":
		return routeVerify
	case "/v1/usage":
		return routeUsage
	case "/openapi.yaml":
		return routeOpenAPI
	case "/oauth/token":
		return routeToken
	case "/oauth/jwks":
		return routeKeys
	case "/.well-known/oauth-authorization-server":
		return routeOAuth
	}
	if r := routesPortal[portal.Route(path)]; r != nil {
		return r
	}
	return routeNone
}
