package gateway

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"net"
	"time"

	"github.com/verigate/verigate/verify"
)

// Trust is what a TLS listener stands on: its own certificate, and whose client certificates it lets in. All of it may
// change while the listener serves. It is safe for concurrent use.
type Trust interface {
	// TLS returns the settings for a new connection.
	TLS() *tls.Config
	// Epoch is another number after every change.
	Epoch() uint64
	// Recheck tells whether a client certificate, with the chain that came with it, would be let in now.
	Recheck(chain []*x509.Certificate) error
}

// ServeTrusting is Serve over TLS on what trust says at each new connection. A client certificate that trust does not
// let in any more is refused from the next request on, also on a connection that was open before.
func (s *Server) ServeTrusting(ln net.Listener, trust Trust) error {
	return s.Serve(&trustingListener{Listener: ln, trust: trust})
}

type trustingListener struct {
	net.Listener
	trust Trust
}

// Accept wraps a connection; the handshake is done by whoever reads from it.
func (l *trustingListener) Accept() (net.Conn, error) {
	raw, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &trustedConn{trust: l.trust, epoch: l.trust.Epoch()} // before the settings, so that it is never too young
	c.Conn = tls.Server(raw, l.trust.TLS())
	c.local = localAddr{raw.LocalAddr(), c}
	return c, nil
}

// trustedConn is a TLS connection that knows its client's certificate. What it knows is worked out once, by the
// connection's first request; requests of one connection come one after the other.
type trustedConn struct {
	*tls.Conn
	trust Trust
	local localAddr

	read    bool
	chain   []*x509.Certificate // nil: the client showed no certificate
	cert    verify.Certificate
	expires int64  // Mono
	epoch   uint64 // of the trust under which the chain was found good, or refused
	refused bool
}

// localAddr is how a request finds its connection: the HTTP server may wrap connections in its own, whose local address
// is still this one.
type localAddr struct {
	net.Addr
	conn *trustedConn
}

// LocalAddr returns the local address, which knows the connection.
func (c *trustedConn) LocalAddr() net.Addr { return &c.local }

// certificate returns the client's certificate, nil if it showed none, or why nothing on this connection counts any
// more. It does not allocate but for the first time.
func (c *trustedConn) certificate(now verify.Instant) (*verify.Certificate, verify.Refusal) {
	if !c.read {
		c.readChain(now)
	}
	if c.chain == nil {
		return nil, verify.RefusalNone
	}
	if epoch := c.trust.Epoch(); epoch != c.epoch {
		c.refused = c.trust.Recheck(c.chain) != nil
		c.epoch = epoch
	}
	if c.refused || now.Mono >= c.expires {
		return nil, verify.RefusalCertificateRevoked
	}
	return &c.cert, verify.RefusalNone
}

func (c *trustedConn) readChain(now verify.Instant) {
	c.read = true
	state := c.ConnectionState()
	if len(state.PeerCertificates) == 0 {
		return
	}
	leaf := state.PeerCertificates[0]
	c.chain = state.PeerCertificates
	c.cert = verify.Certificate{Key: sha256.Sum256(leaf.RawSubjectPublicKeyInfo), Whole: sha256.Sum256(leaf.Raw)}
	c.expires = now.Mono + int64(time.Until(leaf.NotAfter))
}

// certificate returns the certificate that the request's connection was opened with, nil if there was none, or why it
// is good no more; the client is then made to open another connection.
func (x *exchange) certificate() (*verify.Certificate, verify.Refusal) {
	local, ok := x.rc.LocalAddr().(*localAddr)
	if !ok {
		return nil, verify.RefusalNone
	}
	shown, refusal := local.conn.certificate(x.now)
	if refusal != verify.RefusalNone {
		x.rc.SetConnectionClose()
	}
	return shown, refusal
}
