package clients

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/verigate/verigate/internal/mac"
	"github.com/verigate/verigate/verify"
)

// table is one version of the directory, made for looking things up. It is immutable once made.
type table struct {
	keys     keyring
	accounts map[string]*account // by name in upper case
	callers  map[string]*caller  // by id
	certs    map[verify.Digest]*credential
	oldest   time.Time // creation of the oldest key that can be used; zero: there is none
}

// caller is an entry in the form that requests need.
type caller struct {
	entry    *Entry
	status   verify.Refusal // RefusalNone: active
	limits   rule
	slot     int
	hash     uint64               // see nameHash
	officers map[OfficerID]string // sealed names

	credentials []*credential // what access tokens may be got with
	public      []AssertionKey
}

// credential is an API key, a public key or a certificate. The snapshot differs from its siblings only in KeyID; it lies
// here and not behind a pointer, because 13,000 of them do not fit a core and what a request needs of both is two cache
// lines side by side.
type credential struct {
	digest  KeyDigest      // of an API key
	expires int64          // Instant.Wall from which it is refused; 0: never
	next    *credential    // another API key whose id has the same hash
	refusal verify.Refusal // what this key is refused for, its expiry aside
	_       [credentialPad]byte
	caller  verify.Caller
}

// credentialPad makes the caller begin on a cache line; a test holds it.
const credentialPad = 15

// account is a portal log-in.
type account struct {
	caller   *verify.Caller
	refusal  verify.Refusal
	password mac.Sum
	epoch    uint32
	networks []netip.Prefix
	state    *accountState
}

// keys counts the API keys.
func (f *File) keys() (n int) {
	for _, e := range f.Entries {
		n += len(e.Keys)
	}
	return n
}

// newTable turns decoded entries into a table; slots and states outlive tables and come from the directory.
func newTable(f *File, places *places) (*table, error) {
	t := &table{
		keys:     newKeyring(f.keys()),
		accounts: make(map[string]*account, len(f.Entries)),
		callers:  make(map[string]*caller, len(f.Entries)),
		certs:    make(map[verify.Digest]*credential),
	}
	for _, e := range f.Entries {
		if err := t.add(e, places); err != nil {
			return nil, fmt.Errorf("caller %s: %w", e.ID, err)
		}
	}
	return t, nil
}

func (t *table) add(e *Entry, places *places) error {
	snapshot, err := e.snapshot()
	if err != nil {
		return err
	}
	c := &caller{entry: e, slot: places.slot(e.ID), hash: nameHash(e.ID), limits: newRule(e.Limits.withDefaults(snapshot.Kind))}
	snapshot.Slot = c.slot
	switch e.Status {
	case StatusSuspended:
		c.status = verify.RefusalSuspended
	case StatusRevoked:
		c.status = verify.RefusalKeyRevoked
	}
	if c.officers, err = officersOf(e); err != nil {
		return err
	}
	t.callers[e.ID] = c
	for _, k := range e.Keys {
		if err := t.addKey(k, c, snapshot); err != nil {
			return err
		}
	}
	for _, a := range e.Accounts {
		if err := t.addAccount(a, c, snapshot, places); err != nil {
			return err
		}
	}
	return t.addPublic(e, c, snapshot)
}

func (t *table) addKey(k Key, c *caller, snapshot verify.Caller) error {
	cred := newCredential(c, snapshot, k.ID, k.Expires, k.Revoked)
	if _, err := hex.Decode(cred.digest[:], []byte(k.SHA256)); err != nil {
		return fmt.Errorf("key %s: %w", k.ID, err)
	}
	t.keys.put(k.ID, cred)
	c.credentials = append(c.credentials, cred)
	if cred.refusal == verify.RefusalNone && (t.oldest.IsZero() || k.Created.Before(t.oldest)) {
		t.oldest = k.Created
	}
	return nil
}

func (t *table) addAccount(a Account, c *caller, snapshot verify.Caller, places *places) error {
	name := strings.ToUpper(a.Username)
	snapshot.KeyID = a.Username
	acct := &account{caller: &snapshot, refusal: c.status, state: places.account(name)}
	if _, err := hex.Decode(acct.password[:], []byte(a.Password)); err != nil {
		return fmt.Errorf("account %s: %w", a.Username, err)
	}
	if a.Revoked {
		acct.refusal = verify.RefusalKeyRevoked
	}
	for _, n := range a.Networks {
		p, err := netip.ParsePrefix(n)
		if err != nil {
			return fmt.Errorf("account %s: %w", a.Username, err)
		}
		acct.networks = append(acct.networks, p.Masked())
	}
	acct.epoch = epochOf(a)
	t.accounts[name] = acct
	return nil
}

// epochOf mixes the password's hash into the counter, so that a new password ends old tokens without anybody having to
// remember to raise the counter.
func epochOf(a Account) uint32 {
	return keyCheck(fmt.Appendf(nil, "%s %d", a.Password, a.Epoch))
}

func (e *Entry) snapshot() (c verify.Caller, err error) {
	facility, err := parseFacility(e.Facility)
	if err != nil {
		return c, err
	}
	scopes, err := setOf("scopes", e.Scopes, verify.ScopeNames[:])
	if err != nil {
		return c, err
	}
	policy, err := e.Policy.resolve()
	if err != nil {
		return c, err
	}
	c = verify.Caller{ID: e.ID, Kind: kindOf(e.Kind), Facility: facility, Scopes: verify.Scope(scopes), Policy: policy, Contact: e.Contact, People: e.Limits.People, Unproven: e.Limits.Unproven}
	c.CertificateRequired = e.MutualTLS.Required
	if c.Certificates, err = e.MutualTLS.digests(); err != nil {
		return c, err
	}
	for i, p := range e.Purposes {
		purpose := verify.PurposeOf([]byte(p))
		c.Purposes |= 1 << purpose
		if i == 0 {
			c.Purpose = purpose
		}
	}
	return c, nil
}

func (p Policy) resolve() (verify.Policy, error) {
	out := verify.DefaultPolicy()
	if len(p.Accept) > 0 {
		set, err := setOf("policy.accept", p.Accept, verify.FieldResultNames[:])
		if err != nil {
			return out, err
		}
		out.Accept = verify.FieldSet(set)
	}
	for _, s := range []struct {
		from *bool
		to   *bool
		name verify.Switch // of those that the field policy has a say in
	}{
		{p.MismatchDetails, &out.MismatchDetails, verify.SwitchMismatchDetails},
		{p.DiscloseOnMismatch, &out.DiscloseOnMismatch, verify.SwitchDiscloseOnMismatch},
		{p.ShowDeceased, &out.ShowDeceased, verify.SwitchShowDeceased}, {p.LooseIY, &out.LooseIY, 0},
		{p.StaffRequired, &out.StaffRequired, 0}, {p.BadTokenStatus401, &out.BadTokenStatus401, 0},
	} {
		if s.from != nil {
			*s.to = *s.from
			out.Set |= s.name
		}
	}
	return out, nil
}

func officersOf(e *Entry) (map[OfficerID]string, error) {
	officers := make(map[OfficerID]string, len(e.Officers))
	for i, o := range e.Officers {
		var id OfficerID
		if _, err := hex.Decode(id[:], []byte(o.ID)); err != nil {
			return nil, fmt.Errorf("officer %d: %w", i, err)
		}
		officers[id] = o.Name
	}
	return officers, nil
}
