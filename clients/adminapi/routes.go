package adminapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/verigate/verigate/clients"
)

// API works on a directory. It is safe for concurrent use if the store is.
type API struct {
	Store   clients.Store
	Secrets *clients.Secrets
	Now     func() time.Time // nil: the system's clock
}

// Route is one thing that an operator may do.
type Route struct {
	Pattern string        // of http.ServeMux
	Name    string        // stable, for the audit log
	Target  string        // the pattern's wildcard that says whom it is done to; empty: none
	MaxBody int64         // bytes; 0: the listener's own bound
	Within  time.Duration // for the whole exchange; 0: the listener's own bound
	// Do does it. Done tells, in name, value pairs, what became of it; nil: nothing that the route's name does not say.
	Do func(r *http.Request) (a Answer, err error)
}

// Answer is what is said to the operator.
type Answer struct {
	Status int
	Body   any
	Done   []string // for the audit log, name and value by turns; never a secret
}

// Fault is a refusal with a status and a stable code of its own; any other error is the operator's mistake.
type Fault struct {
	Status int
	Code   string
	Err    error
}

// Error implements error.
func (f *Fault) Error() string { return f.Err.Error() }

// Unwrap implements errors.Unwrap.
func (f *Fault) Unwrap() error { return f.Err }

// The codes of faults.
const (
	CodeUnknown     = "caller_unknown"
	CodeUnavailable = "unavailable"
)

// MaxImport bounds a CSV in bytes; 13,000 callers with an account and an officer each are 1 MiB.
const MaxImport = 32 << 20

// Routes returns every route.
func (a *API) Routes() []Route {
	return []Route{
		{Pattern: "GET /clients", Name: "clients_list", Do: a.list},
		{Pattern: "POST /clients", Name: "clients_add", Do: a.add},
		{Pattern: "POST /clients/import", Name: "clients_import", MaxBody: MaxImport, Within: 5 * time.Minute, Do: a.load},
		{Pattern: "GET /clients/{id}", Name: "clients_show", Target: "id", Do: a.show},
		{Pattern: "POST /clients/{id}/rotate", Name: "clients_rotate", Target: "id", Do: a.rotate},
		{Pattern: "POST /clients/{id}/revoke", Name: "clients_revoke", Target: "id", Do: a.revoke},
		{Pattern: "POST /clients/{id}/suspend", Name: "clients_suspend", Target: "id", Do: a.suspend},
		{Pattern: "POST /clients/{id}/resume", Name: "clients_resume", Target: "id", Do: a.resume},
		{Pattern: "POST /clients/{id}/limits", Name: "clients_limits", Target: "id", Do: a.limits},
		{Pattern: "POST /clients/{id}/policy", Name: "clients_policy", Target: "id", Do: a.policy},
		{Pattern: "POST /clients/{id}/accounts", Name: "clients_accounts", Target: "id", Do: a.accounts},
		{Pattern: "POST /clients/{id}/public-keys", Name: "clients_public_keys", Target: "id", Do: a.publicKeys},
		{Pattern: "POST /clients/{id}/certificates", Name: "clients_certificates", Target: "id", Do: a.certificates},
		{Pattern: "POST /clients/{id}/officers", Name: "clients_officers", Target: "id", Do: a.officers},
	}
}

func (a *API) now() time.Time {
	if a.Now == nil {
		return time.Now()
	}
	return a.Now()
}

// body decodes a JSON body strictly; an empty one is an empty object.
func body(r *http.Request, into any) error {
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	if err == nil {
		if _, err = dec.Token(); err == nil {
			return errors.New("reading the body: more than one object")
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return err
	}
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("reading the body: %s: cannot be a %s", t.Field, t.Value)
	}
	return fmt.Errorf("reading the body: %w", err)
}

// read returns the directory.
func (a *API) read(r *http.Request) (*clients.File, error) {
	f, err := a.Store.Read(r.Context())
	if err != nil {
		return nil, unavailable(err)
	}
	return f, nil
}

// update changes the directory. What the change itself refuses is the operator's mistake, everything else an outage.
func (a *API) update(r *http.Request, change func(*clients.File) error) error {
	var refused error
	err := a.Store.Update(r.Context(), func(f *clients.File) error {
		refused = change(f)
		return refused
	})
	if err == nil || refused != nil || errors.Is(err, clients.ErrChangeRefused) {
		return err
	}
	return unavailable(err)
}

func unavailable(err error) error {
	return &Fault{Status: http.StatusServiceUnavailable, Code: CodeUnavailable, Err: err}
}

// change updates the caller that the path names, and answers with it and what the change made.
func (a *API) change(r *http.Request, change func(*clients.Entry) (clients.Issued, []string, error)) (Answer, error) {
	var out changed
	var done []string
	err := a.update(r, func(f *clients.File) error {
		e, err := caller(f, r)
		if err != nil {
			return err
		}
		made, what, err := change(e)
		if err != nil {
			return err
		}
		if made != (clients.Issued{}) {
			out.Issued = &made
		}
		out.Caller, done = view(e, a.now()), what
		return nil
	})
	if err != nil {
		return Answer{}, err
	}
	return Answer{http.StatusOK, out, done}, nil
}

func caller(f *clients.File, r *http.Request) (*clients.Entry, error) {
	e, err := f.Caller(r.PathValue("id"))
	if err != nil {
		return nil, &Fault{Status: http.StatusNotFound, Code: CodeUnknown, Err: err}
	}
	return e, nil
}
