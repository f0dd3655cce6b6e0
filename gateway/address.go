package gateway

import (
	"bytes"
	"net/netip"

	"github.com/valyala/fasthttp"
)

// address returns whom the request comes from: the peer, or whom a trusted proxy names as its own peer. Of several
// proxies in a row the nearest untrusted address counts; what stands before it could be anybody's invention.
func (x *exchange) address() netip.Addr {
	addr, _ := netip.AddrFromSlice(x.rc.RemoteIP())
	addr = addr.Unmap()
	list := x.rc.Request.Header.Peek(fasthttp.HeaderXForwardedFor)
	for x.s.trusted(addr) && len(list) > 0 {
		var last []byte
		list, last = lastOf(list)
		next, err := netip.ParseAddr(string(last))
		if err != nil {
			return addr
		}
		addr = next.Unmap()
	}
	return addr
}

func (s *Server) trusted(addr netip.Addr) bool {
	for _, p := range s.proxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

func lastOf(list []byte) (before, last []byte) {
	if i := bytes.LastIndexByte(list, ','); i >= 0 {
		return list[:i], bytes.TrimSpace(list[i+1:])
	}
	return nil, bytes.TrimSpace(list)
}
