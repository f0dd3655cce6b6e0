// Package secure keeps what the HTTPS listener stands on: the server's certificate and key, the authorities whose client
// certificates it lets in, and what those have revoked.
//
// It promises that changed files are in force within two looks, without a restart and without a connection failing for
// it, and that files which do not fit together are refused whole: what was in force stays, and that is told by a metric,
// the log, /status and /readyz. A client certificate that is revoked, or whose authority is gone, is let in neither at a
// handshake nor, by [Files.Recheck], on a connection that was open before.
//
// It fails closed for certificates and open for time: a revocation list that its authority forgot to renew is used on,
// loudly, because refusing everybody would stop clinics for somebody else's mistake. It must never print a private key.
package secure
