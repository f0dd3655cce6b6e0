package adminapi

import (
	"time"

	"github.com/verigate/verigate/clients"
)

// Caller is an entry as operators see it: everything but hashes and sealed names.
type Caller struct {
	ID        string            `json:"id"`
	Kind      string            `json:"kind"`
	Name      string            `json:"name,omitempty"`
	Facility  string            `json:"facility,omitempty"`
	Status    string            `json:"status"`
	Contact   string            `json:"contact,omitempty"`
	Scopes    []string          `json:"scopes"`
	Purposes  []string          `json:"purposes"`
	Policy    clients.Policy    `json:"policy,omitzero"`
	Limits    clients.Limits    `json:"limits"` // with the defaults of the kind filled in
	Keys      []Key             `json:"keys"`
	Public    []Key             `json:"public_keys"` // without the keys themselves
	Accounts  []Account         `json:"accounts"`
	Officers  int               `json:"officers"` // registered staff
	MutualTLS clients.MutualTLS `json:"mutual_tls,omitzero"`
}

// Key is an API key without its hash.
type Key struct {
	ID      string     `json:"id"`
	Created time.Time  `json:"created"`
	Expires *time.Time `json:"expires,omitempty"`
	Revoked *time.Time `json:"revoked,omitempty"`
	Usable  bool       `json:"usable"`
}

// Account is a portal account without its password's hash.
type Account struct {
	Username string   `json:"username"`
	Networks []string `json:"networks,omitempty"`
	Revoked  bool     `json:"revoked,omitempty"`
}

// changed is a caller after a change; issued are the secrets made by it, shown this once.
type changed struct {
	Caller Caller          `json:"caller"`
	Issued *clients.Issued `json:"issued,omitempty"`
}

func view(e *clients.Entry, now time.Time) Caller {
	c := Caller{
		ID: e.ID, Kind: e.Kind, Name: e.Name, Facility: e.Facility, Status: e.Status, Contact: e.Contact,
		Scopes: e.Scopes, Purposes: e.Purposes, Policy: e.Policy, Limits: e.Effective(),
		Keys: []Key{}, Public: []Key{}, Accounts: []Account{}, Officers: len(e.Officers), MutualTLS: e.MutualTLS,
	}
	for i := range e.Keys {
		k := &e.Keys[i]
		c.Keys = append(c.Keys, Key{ID: k.ID, Created: k.Created, Expires: k.Expires, Revoked: k.Revoked, Usable: k.Usable(now) && e.Status != clients.StatusRevoked})
	}
	for i := range e.PublicKeys {
		k := &e.PublicKeys[i]
		usable := (&clients.Key{Expires: k.Expires, Revoked: k.Revoked}).Usable(now) && e.Status != clients.StatusRevoked
		c.Public = append(c.Public, Key{ID: k.ID, Created: k.Created, Expires: k.Expires, Revoked: k.Revoked, Usable: usable})
	}
	for _, a := range e.Accounts {
		c.Accounts = append(c.Accounts, Account{Username: a.Username, Networks: a.Networks, Revoked: a.Revoked})
	}
	return c
}
