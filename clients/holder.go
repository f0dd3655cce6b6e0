package clients

import "github.com/verigate/verigate/verify"

// holder returns who holds the credential, nil being one that nobody holds, and why it is refused.
func (c *credential) holder(now verify.Instant) (*verify.Caller, verify.Refusal) {
	switch {
	case c == nil:
		return nil, verify.RefusalKeyUnknown
	case c.refusal == verify.RefusalKeyRevoked:
		return &c.caller, verify.RefusalKeyRevoked
	case c.expires != 0 && now.Wall >= c.expires:
		return &c.caller, verify.RefusalKeyExpired
	}
	return &c.caller, c.refusal
}

// Certified finds the caller whose entry takes the client certificate as a credential by itself. It takes no lock and
// does not allocate.
func (d *Directory) Certified(now verify.Instant, shown *verify.Certificate) (*verify.Caller, verify.Refusal) {
	if shown == nil {
		return nil, verify.RefusalKeyMissing
	}
	return d.table.Load().certs[shown.Key].holder(now)
}

// Epoch changes with every change of the directory. Who remembers what the directory said reads the epoch first.
func (d *Directory) Epoch() uint64 { return d.epoch.Load() }

// Holder returns the caller as it is now for one of its credentials, named as in [verify.Caller.KeyID]: an API key, a
// public key or a certificate, not a portal account. One that is not there any more is [verify.RefusalKeyRevoked]. It
// takes no lock and does not allocate.
func (d *Directory) Holder(now verify.Instant, callerID, credential string) (*verify.Caller, verify.Refusal) {
	c := d.table.Load().callers[callerID]
	if c == nil {
		return nil, verify.RefusalKeyRevoked
	}
	for _, cred := range c.credentials {
		if cred.caller.KeyID == credential {
			return cred.holder(now)
		}
	}
	return nil, verify.RefusalKeyRevoked
}

// AssertionKeys returns the public keys that are registered for a caller, also those that are revoked or expired:
// [Directory.Holder] tells. The slice must not be changed.
func (d *Directory) AssertionKeys(callerID string) []AssertionKey {
	if c := d.table.Load().callers[callerID]; c != nil {
		return c.public
	}
	return nil
}
