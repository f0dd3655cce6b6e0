package clients

import (
	"fmt"
	"time"
)

// Newcomer is what a caller that is added is to be; what is left out is usual for its kind.
type Newcomer struct {
	ID       string          `json:"id"`
	Kind     string          `json:"kind"`
	Name     string          `json:"name"`
	Facility string          `json:"facility"`
	Contact  string          `json:"contact"`
	Scopes   []string        `json:"scopes"`
	Purposes []string        `json:"purposes"`
	Policy   map[string]bool `json:"policy"` // switches by name, see [Policy.Set]
	Limits   Limits          `json:"limits"`
	Portal   string          `json:"portal_username"` // also make a portal account of this name
	NoKey    bool            `json:"no_key"`          // make no API key
	Valid    time.Duration   `json:"-"`               // of the key; 0: without end
}

// AddNew puts a new caller into the directory and returns the secrets made for it.
func (f *File) AddNew(n *Newcomer, s *Secrets, now time.Time) (made Issued, err error) {
	e, err := NewEntry(n.ID, n.Kind)
	if err != nil {
		return made, err
	}
	e.Name, e.Facility, e.Contact, e.Limits = n.Name, n.Facility, n.Contact, n.Limits
	if len(n.Scopes) > 0 {
		e.Scopes = n.Scopes
	}
	if len(n.Purposes) > 0 {
		e.Purposes = n.Purposes
	}
	for name, on := range n.Policy {
		if err := e.Policy.Set(name, on); err != nil {
			return made, err
		}
	}
	made.Caller = e.ID
	if !n.NoKey {
		made = e.AddKey(now, n.Valid)
	}
	if n.Portal != "" {
		account, err := e.SetPassword(s, n.Portal, "")
		if err != nil {
			return Issued{}, err
		}
		made.Username, made.Password = account.Username, account.Password
	}
	if err := f.Add(e); err != nil {
		return Issued{}, err
	}
	return made, nil
}

// RotatePassword gives a portal account that the caller has a new password; its tokens end at once.
func (e *Entry) RotatePassword(s *Secrets, username string) (Issued, error) {
	if e.FindAccount(username) == nil {
		return Issued{}, fmt.Errorf("caller %s: has no portal account %q", e.ID, cut(username))
	}
	return e.SetPassword(s, username, "")
}

// Suspend has the caller refused, and told whom to talk to; an empty contact leaves the one it has.
func (e *Entry) Suspend(contact string) error {
	if e.Status == StatusRevoked {
		return e.gone()
	}
	if contact != "" {
		e.Contact = contact
	}
	e.Status = StatusSuspended
	return nil
}

// Resume has a suspended caller answered again.
func (e *Entry) Resume() error {
	if e.Status == StatusRevoked {
		return e.gone()
	}
	e.Status = StatusActive
	return nil
}

func (e *Entry) gone() error {
	return fmt.Errorf("caller %s: is revoked, which is for good; add it anew under another id", e.ID)
}

// Revoke ends the caller for good.
func (e *Entry) Revoke() { e.Status = StatusRevoked }

// SetNetworks names the ranges from which log-ins of an account are never slowed because of failures elsewhere.
func (e *Entry) SetNetworks(username string, ranges []string) error {
	a := e.FindAccount(username)
	if a == nil {
		return fmt.Errorf("caller %s: has no portal account %q", e.ID, cut(username))
	}
	a.Networks = ranges
	return a.validate()
}

// Usable tells whether the key can be used at an instant.
func (k *Key) Usable(now time.Time) bool {
	return k.Revoked == nil && (k.Expires == nil || k.Expires.After(now))
}
