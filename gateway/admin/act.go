package admin

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	v1 "github.com/verigate/verigate/gateway/v1"
	"github.com/verigate/verigate/verify"
)

// Operators knows the holders of operators' keys. *clients.Directory is one.
type Operators interface {
	Authenticate(now verify.Instant, bearer []byte) (*verify.Caller, verify.Refusal)
}

// Recorder is the audit log for what operators do. Both return nil only when the record is in the log.
type Recorder interface {
	Event(kind, actor string, detail ...string) error
	Refused(c *verify.Caller, addr netip.Addr, code string) error
}

// Act is something that only an operator may do or see: whoever holds an active key of a caller of kind operator with
// the scope admin. It is in the audit log, under its name, before it is done; an act that cannot be recorded is not
// done.
type Act struct {
	Pattern string        // of http.ServeMux: "POST /filter/rebuild"; an identifier of a person is never part of it
	Name    string        // of the audit event, and stable: "filter_rebuild"
	Target  string        // the pattern's wildcard that the event names: "id" for "/clients/{id}"; empty: none
	MaxBody int64         // bytes; 0: 64 KiB
	Within  time.Duration // for the whole exchange; 0: a minute
	// Do answers. It learns who asked; what it refuses it says with [Fail].
	Do func(w http.ResponseWriter, r *http.Request, by *verify.Caller)
}

// Fault is a refusal of an act, worded for the operator: which field, which value, what to do.
type Fault struct {
	Status int    // HTTP; 0: 400
	Code   string // stable; empty: "invalid"
	Err    error
}

// Error implements error.
func (f *Fault) Error() string { return f.Err.Error() }

// Unwrap implements errors.Unwrap.
func (f *Fault) Unwrap() error { return f.Err }

const (
	actBody   = 64 << 10
	actWithin = time.Minute
)

// AddAct adds an act; it may be added while the server serves. Without Deps.Operators and Deps.Records acts answer 404.
func (s *Server) AddAct(a Act) {
	if s.deps.Operators == nil || s.deps.Records == nil {
		return
	}
	if a.MaxBody == 0 {
		a.MaxBody = actBody
	}
	if a.Within == 0 {
		a.Within = actWithin
	}
	s.mux.HandleFunc(a.Pattern, func(w http.ResponseWriter, r *http.Request) { s.act(&a, w, r) })
}

func (s *Server) act(a *Act, w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	by, refusal := s.operator(r)
	if refusal != verify.RefusalNone {
		s.refuse(w, r, by, refusal)
		return
	}
	detail := []string{"key", by.KeyID, "method", r.Method}
	if a.Target != "" {
		detail = append(detail, a.Target, r.PathValue(a.Target))
	}
	if err := s.deps.Records.Event(a.Name, by.ID, detail...); err != nil {
		Fail(w, &Fault{Status: http.StatusServiceUnavailable, Code: verify.RefusalUnavailable.Code(), Err: fmt.Errorf("recording this act in the audit log: %w", err)})
		return
	}
	until := time.Now().Add(a.Within)
	control := http.NewResponseController(w)
	_, _ = control.SetReadDeadline(until), control.SetWriteDeadline(until) // a server's connection has both
	r.Body = http.MaxBytesReader(w, r.Body, a.MaxBody)
	a.Do(w, r, by)
}

// operator tells who is asking; the caller is returned with a refusal too, when it is known.
func (s *Server) operator(r *http.Request) (*verify.Caller, verify.Refusal) {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || key == "" {
		return nil, verify.RefusalKeyMissing
	}
	by, refusal := s.deps.Operators.Authenticate(s.deps.Clock(), []byte(strings.TrimSpace(key)))
	switch {
	case refusal != verify.RefusalNone:
	case by == nil:
		refusal = verify.RefusalKeyUnknown
	case by.Kind != verify.CallerOperator || !by.Scopes.Has(verify.ScopeAdmin):
		refusal = verify.RefusalScope
	case by.CertificateRequired: // this listener asks for none
		refusal = verify.RefusalCertificate
	}
	return by, refusal
}

func (s *Server) refuse(w http.ResponseWriter, r *http.Request, by *verify.Caller, refusal verify.Refusal) {
	address, _ := netip.ParseAddrPort(r.RemoteAddr) // the zero address when the listener is not a network's
	if err := s.deps.Records.Refused(by, address.Addr().Unmap(), refusal.Code()); err != nil {
		refusal = verify.RefusalUnavailable
	}
	m := v1.Problem{Refusal: refusal}.Meaning()
	if m.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	problem(w, m.Status, m.Code, m.Title[v1.English], m.Fix[v1.English])
}

// Fail answers an act with a problem (RFC 9457). An error that is no [*Fault] is one of the caller's: 400, "invalid"; a
// body over the limit is 413, "body_too_large".
func Fail(w http.ResponseWriter, err error) {
	status, code := http.StatusBadRequest, "invalid"
	var large *http.MaxBytesError
	var fault *Fault
	switch {
	case errors.As(err, &large):
		status, code = http.StatusRequestEntityTooLarge, verify.RefusalBodyTooLarge.Code()
	case errors.As(err, &fault):
		if fault.Status != 0 {
			status = fault.Status
		}
		if fault.Code != "" {
			code = fault.Code
		}
	}
	problem(w, status, code, http.StatusText(status), err.Error())
}

// Answer writes what an act has to say as JSON.
func Answer(w http.ResponseWriter, status int, v any) { writeJSON(w, status, v) }

func problem(w http.ResponseWriter, status int, code, title, detail string) {
	writeAs(w, v1.ContentTypeProblem, status, map[string]any{
		"type": "urn:verigate:problem:" + code, "title": title, "status": status, "detail": detail, "code": code})
}
