package clients

import (
	"crypto/md5" //nolint:gosec // not a choice: portal clients send the MD5 of their password and nothing else
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Issued are the secrets made by a change, in the clear. They exist nowhere else: shown once, then forgotten.
type Issued struct {
	Caller   string `json:"caller"`
	KeyID    string `json:"key_id,omitempty"`
	Key      string `json:"key,omitempty"`
	Username string `json:"portal_username,omitempty"`
	Password string `json:"portal_password,omitempty"`
}

// NewEntry returns an active caller with the scopes and purposes usual for its kind.
func NewEntry(id, kind string) (*Entry, error) {
	k := kindOf(kind)
	if k == 0 {
		return nil, (&Entry{ID: id, Kind: kind}).Validate()
	}
	d := kindDefaults[k]
	return &Entry{ID: id, Kind: kind, Status: StatusActive, Scopes: slices.Clone(d.scopes), Purposes: slices.Clone(d.purposes)}, nil
}

// Add puts a new caller into the directory.
func (f *File) Add(e *Entry) error {
	if f.Find(e.ID) != nil {
		return fmt.Errorf("adding caller %s: there is one with this id", e.ID)
	}
	if err := e.Validate(); err != nil {
		return fmt.Errorf("adding caller %s: %w", cut(e.ID), err)
	}
	f.Entries = append(f.Entries, e)
	return nil
}

// Caller returns the entry with the given id or an error that names it.
func (f *File) Caller(id string) (*Entry, error) {
	if e := f.Find(id); e != nil {
		return e, nil
	}
	return nil, fmt.Errorf("caller %q: not in the directory", cut(id))
}

// AddKey gives the caller a further API key; valid is for how long, 0 for no end.
func (e *Entry) AddKey(now time.Time, valid time.Duration) Issued {
	text, id, digest := NewAPIKey()
	k := Key{ID: id, SHA256: hex.EncodeToString(digest[:]), Created: now.UTC().Truncate(time.Second)}
	if valid > 0 {
		end := k.Created.Add(valid)
		k.Expires = &end
	}
	e.Keys = append(e.Keys, k)
	return Issued{Caller: e.ID, KeyID: id, Key: text}
}

// Rotate gives the caller a new API key and lets the ones it has end after overlap, so that both work while the caller
// changes over.
func (e *Entry) Rotate(now time.Time, overlap, valid time.Duration) Issued {
	end := now.UTC().Truncate(time.Second).Add(overlap)
	for i := range e.Keys {
		if k := &e.Keys[i]; k.Revoked == nil && (k.Expires == nil || k.Expires.After(end)) {
			k.Expires = &end
		}
	}
	return e.AddKey(now, valid)
}

// RevokeKey ends one API key at once.
func (e *Entry) RevokeKey(now time.Time, id string) error {
	for i := range e.Keys {
		if k := &e.Keys[i]; k.ID == id {
			if k.Revoked == nil { // the first time is when it ended
				at := now.UTC().Truncate(time.Second)
				k.Revoked = &at
			}
			return nil
		}
	}
	return fmt.Errorf("caller %s: has no key %q", e.ID, cut(id))
}

// SetPassword gives the caller's portal account a password, or a new account the name and the password. An empty
// password is drawn at random. All tokens issued before end.
func (e *Entry) SetPassword(s *Secrets, username, password string) (Issued, error) {
	if password == "" {
		password = string(appendRandom(nil, base62, 20))
	}
	sum := md5.Sum([]byte(password)) //nolint:gosec // see the import
	a := e.account(username)
	if err := a.setMD5(s, username, hex.EncodeToString(sum[:])); err != nil {
		return Issued{}, err
	}
	return Issued{Caller: e.ID, Username: a.Username, Password: password}, nil
}

// SetPasswordMD5 is SetPassword for a password of which only the MD5 is known, as in an imported file.
func (e *Entry) SetPasswordMD5(s *Secrets, username, md5hex string) error {
	if !isMD5([]byte(md5hex)) {
		return fmt.Errorf("account %q: the password's MD5 must be 32 hexadecimal digits", cut(username))
	}
	return e.account(username).setMD5(s, username, md5hex)
}

// account returns the caller's account of that name, made if needed.
func (e *Entry) account(username string) *Account {
	if a := e.FindAccount(username); a != nil {
		return a
	}
	e.Accounts = append(e.Accounts, Account{Username: username})
	return &e.Accounts[len(e.Accounts)-1]
}

func (a *Account) setMD5(s *Secrets, username, md5hex string) error {
	sum := s.Password([]byte(strings.ToUpper(username)), []byte(md5hex))
	a.Password = hex.EncodeToString(sum[:])
	a.Epoch++
	return a.validate()
}

// AddOfficer registers a staff member for portal look-ups; a number that is registered gets the new name.
func (e *Entry) AddOfficer(s *Secrets, number, name string) error {
	number, name = strings.TrimSpace(number), strings.Join(strings.Fields(name), " ")
	if len(number) == 0 || len(number) > maxOfficerNumber || strings.ContainsFunc(number, func(r rune) bool { return r < '0' || r > '9' }) {
		return fmt.Errorf("caller %s: an officer's number must be 1 to %d digits", e.ID, maxOfficerNumber)
	}
	if err := validText("officer's name", name); err != nil || name == "" {
		return fmt.Errorf("caller %s: an officer's name must be 1 to %d bytes of printable text", e.ID, maxText)
	}
	id := s.Officer(e.ID, []byte(number))
	o := Officer{ID: hex.EncodeToString(id[:]), Name: s.SealName(e.ID, id, name)}
	if i := slices.IndexFunc(e.Officers, func(have Officer) bool { return have.ID == o.ID }); i >= 0 {
		e.Officers[i] = o
		return nil
	}
	e.Officers = append(e.Officers, o)
	return nil
}

// RemoveOfficer takes a staff member off the list.
func (e *Entry) RemoveOfficer(s *Secrets, number string) error {
	id := s.Officer(e.ID, []byte(strings.TrimSpace(number)))
	n := len(e.Officers)
	e.Officers = slices.DeleteFunc(e.Officers, func(o Officer) bool { return o.ID == hex.EncodeToString(id[:]) })
	if len(e.Officers) == n {
		return fmt.Errorf("caller %s: no officer with that number", e.ID)
	}
	return nil
}

// FindAccount returns the caller's portal account of that name, letter case aside, or nil.
func (e *Entry) FindAccount(username string) *Account {
	for i := range e.Accounts {
		if strings.EqualFold(e.Accounts[i].Username, username) {
			return &e.Accounts[i]
		}
	}
	return nil
}

// RevokeAccount ends a portal account and its tokens at once.
func (e *Entry) RevokeAccount(username string) error {
	a := e.FindAccount(username)
	if a == nil {
		return fmt.Errorf("caller %s: has no portal account %q", e.ID, cut(username))
	}
	a.Revoked = true
	a.Epoch++
	return nil
}

// Set changes one switch of a policy by its name in the directory file.
func (p *Policy) Set(name string, on bool) error {
	for _, s := range []struct {
		name string
		to   **bool
	}{
		{"mismatch_details", &p.MismatchDetails}, {"disclose_on_mismatch", &p.DiscloseOnMismatch}, {"show_deceased", &p.ShowDeceased},
		{"loose_iy", &p.LooseIY}, {"staff_required", &p.StaffRequired}, {"bad_token_401", &p.BadTokenStatus401},
	} {
		if s.name == name {
			*s.to = &on
			return nil
		}
	}
	return fmt.Errorf("policy %q: must be mismatch_details, disclose_on_mismatch, show_deceased, loose_iy, staff_required or bad_token_401", cut(name))
}

// Effective returns the caller's limits with the defaults of its kind in place of what it does not set.
func (e *Entry) Effective() Limits { return e.Limits.withDefaults(kindOf(e.Kind)) }
