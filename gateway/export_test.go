package gateway

import "github.com/valyala/fasthttp"

// Handle is one request without a connection, for measuring.
func (s *Server) Handle(rc *fasthttp.RequestCtx) { s.handle(rc) }
