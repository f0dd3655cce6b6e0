package adminapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/config"
)

// newcomer is the body of POST /clients.
type newcomer struct {
	clients.Newcomer
	Valid config.Duration `json:"valid"` // "90d"
}

// add is POST /clients.
func (a *API) add(r *http.Request) (Answer, error) {
	var ask newcomer
	if err := body(r, &ask); err != nil {
		return Answer{}, err
	}
	ask.Newcomer.Valid = ask.Valid.Std()
	var out changed
	err := a.update(r, func(f *clients.File) error {
		made, err := f.AddNew(&ask.Newcomer, a.Secrets, a.now())
		if err != nil {
			return err
		}
		out = changed{Caller: view(f.Find(ask.ID), a.now()), Issued: &made}
		return nil
	})
	if err != nil {
		return Answer{}, err
	}
	return Answer{http.StatusCreated, out, []string{"id", out.Caller.ID, "key", out.Issued.KeyID, "account", out.Issued.Username}}, nil
}

// imported is the answer of POST /clients/import.
type imported struct {
	Added  int              `json:"added"`
	Issued []clients.Issued `json:"issued"`
}

// load is POST /clients/import: a CSV as `verigate clients import` takes it; all of it or nothing.
func (a *API) load(r *http.Request) (Answer, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "text/csv" {
		return Answer{}, &Fault{Status: http.StatusUnsupportedMediaType, Code: "content_type", Err: errors.New("want Content-Type: text/csv")}
	}
	text, err := io.ReadAll(r.Body) // kept whole, because a change may have to be made again on a newer directory
	if err != nil {
		return Answer{}, err
	}
	var issued []clients.Issued
	err = a.update(r, func(f *clients.File) (err error) {
		issued, err = f.Import(bytes.NewReader(text), a.Secrets, a.now())
		return err
	})
	if err != nil {
		return Answer{}, fmt.Errorf("nothing was added: %w", err)
	}
	return Answer{http.StatusOK, imported{len(issued), issued}, []string{"added", strconv.Itoa(len(issued))}}, nil
}

// rotate is POST /clients/{id}/rotate: a new API key, or with account a new password.
func (a *API) rotate(r *http.Request) (Answer, error) {
	ask := struct {
		Overlap config.Duration `json:"overlap"`
		Valid   config.Duration `json:"valid"`
		Account string          `json:"account"`
	}{Overlap: config.Duration(24 * time.Hour)}
	if err := body(r, &ask); err != nil {
		return Answer{}, err
	}
	return a.change(r, func(e *clients.Entry) (clients.Issued, []string, error) {
		if ask.Account != "" {
			made, err := e.RotatePassword(a.Secrets, ask.Account)
			return made, []string{"account", ask.Account}, err
		}
		made := e.Rotate(a.now(), ask.Overlap.Std(), ask.Valid.Std())
		return made, []string{"key", made.KeyID}, nil
	})
}

// revocation is the body of POST /clients/{id}/revoke: exactly one of them.
type revocation struct {
	Key         string `json:"key"`
	PublicKey   string `json:"public_key"`
	Certificate string `json:"certificate"` // its digest, or the first 8 digits of it or more
	Account     string `json:"account"`
	All         bool   `json:"all"`
}

// revoke is POST /clients/{id}/revoke: one credential, or with "all" the caller.
func (a *API) revoke(r *http.Request) (Answer, error) {
	var ask revocation
	if err := body(r, &ask); err != nil {
		return Answer{}, err
	}
	return a.change(r, func(e *clients.Entry) (none clients.Issued, done []string, err error) {
		switch ask {
		default:
			return none, nil, errRevocation
		case revocation{}:
			return none, nil, errRevocation
		case revocation{Key: ask.Key}:
			return none, []string{"key", ask.Key}, e.RevokeKey(a.now(), ask.Key)
		case revocation{PublicKey: ask.PublicKey}:
			return none, []string{"public_key", ask.PublicKey}, e.RevokePublicKey(a.now(), ask.PublicKey)
		case revocation{Certificate: ask.Certificate}:
			return none, []string{"certificate", ask.Certificate}, e.RemoveCertificate(ask.Certificate)
		case revocation{Account: ask.Account}:
			return none, []string{"account", ask.Account}, e.RevokeAccount(ask.Account)
		case revocation{All: true}:
			e.Revoke()
			return none, []string{"all", "true"}, nil
		}
	})
}

var errRevocation = errors.New(`want one of {"key":"…"}, {"public_key":"…"}, {"certificate":"…"}, {"account":"…"} and {"all":true}, which is for good`)

// suspend is POST /clients/{id}/suspend.
func (a *API) suspend(r *http.Request) (Answer, error) {
	var ask struct {
		Contact string `json:"contact"`
	}
	if err := body(r, &ask); err != nil {
		return Answer{}, err
	}
	return a.change(r, func(e *clients.Entry) (none clients.Issued, done []string, err error) {
		return none, nil, e.Suspend(ask.Contact)
	})
}

// resume is POST /clients/{id}/resume.
func (a *API) resume(r *http.Request) (Answer, error) {
	if err := body(r, &struct{}{}); err != nil {
		return Answer{}, err
	}
	return a.change(r, func(e *clients.Entry) (none clients.Issued, done []string, err error) { return none, nil, e.Resume() })
}

// limits is POST /clients/{id}/limits; what is not given stays, 0 is the default of the kind.
func (a *API) limits(r *http.Request) (Answer, error) {
	var ask struct {
		Rate        *int64 `json:"rate"`
		Burst       *int64 `json:"burst"`
		Concurrency *int64 `json:"concurrency"`
		Daily       *int64 `json:"daily"`
	}
	if err := body(r, &ask); err != nil {
		return Answer{}, err
	}
	return a.change(r, func(e *clients.Entry) (none clients.Issued, done []string, err error) {
		l := &e.Limits
		for _, p := range []struct {
			name     string
			from, to *int64
		}{{"rate", ask.Rate, &l.Rate}, {"burst", ask.Burst, &l.Burst}, {"concurrency", ask.Concurrency, &l.Concurrency}, {"daily", ask.Daily, &l.Daily}} {
			if p.from != nil {
				*p.to, done = *p.from, append(done, p.name, strconv.FormatInt(*p.from, 10))
			}
		}
		if len(done) == 0 {
			return none, nil, errors.New("nothing to change: give rate, burst, concurrency or daily")
		}
		return none, done, e.Validate()
	})
}

// policy is POST /clients/{id}/policy: switches by name.
func (a *API) policy(r *http.Request) (Answer, error) {
	var ask map[string]bool
	if err := body(r, &ask); err != nil {
		return Answer{}, err
	}
	return a.change(r, func(e *clients.Entry) (none clients.Issued, done []string, err error) {
		if len(ask) == 0 {
			return none, nil, errors.New("nothing to change: give switches by name")
		}
		for name, on := range ask {
			if err := e.Policy.Set(name, on); err != nil {
				return none, nil, err
			}
			done = append(done, name, strconv.FormatBool(on))
		}
		return none, done, nil
	})
}

// accounts is POST /clients/{id}/accounts: a new portal account, a new password for one, or its networks.
func (a *API) accounts(r *http.Request) (Answer, error) {
	var ask struct {
		Username string    `json:"username"`
		MD5      string    `json:"md5"` // of the password it has elsewhere already; empty: one is drawn
		Networks *[]string `json:"networks"`
	}
	if err := body(r, &ask); err != nil {
		return Answer{}, err
	}
	return a.change(r, func(e *clients.Entry) (made clients.Issued, done []string, err error) {
		known := e.FindAccount(ask.Username) != nil
		switch {
		case ask.MD5 != "":
			err = e.SetPasswordMD5(a.Secrets, ask.Username, ask.MD5)
		case !known || ask.Networks == nil:
			made, err = e.SetPassword(a.Secrets, ask.Username, "")
		}
		if err == nil && ask.Networks != nil {
			err = e.SetNetworks(ask.Username, *ask.Networks)
		}
		return made, []string{"account", ask.Username}, err
	})
}

// officers is POST /clients/{id}/officers: registers a staff member, or with "remove" takes one off the list. Numbers and
// names are neither answered nor recorded.
func (a *API) officers(r *http.Request) (Answer, error) {
	var ask struct {
		Number string `json:"number"`
		Name   string `json:"name"`
		Remove bool   `json:"remove"`
	}
	if err := body(r, &ask); err != nil {
		return Answer{}, err
	}
	return a.change(r, func(e *clients.Entry) (none clients.Issued, done []string, err error) {
		if ask.Remove {
			return none, []string{"removed", "1"}, e.RemoveOfficer(a.Secrets, ask.Number)
		}
		return none, []string{"registered", "1"}, e.AddOfficer(a.Secrets, ask.Number, ask.Name)
	})
}
