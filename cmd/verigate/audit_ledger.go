package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/verigate/verigate/audit"
	"github.com/verigate/verigate/gateway/admin"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// ledgerRequest asks for one person's ledger. Identifiers come in the body only: addresses end up in logs.
type ledgerRequest struct {
	Identifiers []string `json:"identifiers"`
	Lang        string   `json:"lang"`   // of the text: vi (default), en
	Format      string   `json:"format"` // json (default), text
}

// ledgerAnswer is what is told.
type ledgerAnswer struct {
	*audit.Ledger

	Complete bool                  `json:"complete"`                      // nothing of the log was left out
	Problems []string              `json:"problems,omitempty"`            // what was, and why
	Epochs   []*audit.MissingEpoch `json:"epochs_not_searched,omitempty"` // of that, the stretches whose key is not there
}

// problem has the form of [audit.Search]'s Problem.
func (a *ledgerAnswer) problem(err error) {
	a.Problems = append(a.Problems, err.Error())
	if m, ok := errors.AsType[*audit.MissingEpoch](err); ok {
		a.Epochs = append(a.Epochs, m)
	}
}

// mostIdentifiers bounds one question: nobody has had so many.
const mostIdentifiers = 64

// ledgerWithin bounds the search through a log of years.
const ledgerWithin = 5 * time.Minute

// addLedgerAct lets operators answer a person who asks: who asked about me?
func (n *node) addLedgerAct() {
	var one sync.Mutex // a search reads the whole log; two at once would only get in each other's way
	n.admin.AddAct(admin.Act{Pattern: "POST /audit/subject", Name: "audit_subject", Within: ledgerWithin, Do: func(w http.ResponseWriter, r *http.Request, by *verify.Caller) {
		if !one.TryLock() {
			admin.Fail(w, &admin.Fault{Status: http.StatusConflict, Code: "busy", Err: errors.New("another ledger is being searched for: try again")})
			return
		}
		defer one.Unlock()
		if err := n.tellLedger(w, r, by); err != nil {
			admin.Fail(w, err)
		}
	}})
}

func (n *node) tellLedger(w http.ResponseWriter, r *http.Request, by *verify.Caller) error {
	ask, keys, err := readLedgerRequest(r)
	if err != nil {
		return err
	}
	subjects := make([]verify.Subject, len(keys))
	for i, k := range keys {
		subjects[i] = n.hasher.Subject(k)
	}
	if err := n.recordLedger(r.Context(), by, keys, subjects); err != nil {
		return &admin.Fault{Status: http.StatusServiceUnavailable, Code: verify.RefusalUnavailable.Code(), Err: fmt.Errorf("recording whose ledger is told: %w", err)}
	}
	epochs, err := audit.LoadEpochs(n.cfg.Audit.Keys)
	if err != nil {
		return &admin.Fault{Status: http.StatusInternalServerError, Code: "audit_keys", Err: err}
	}
	answer := ledgerAnswer{}
	search := &audit.Search{
		Dir: n.cfg.Audit.Dir, Filter: audit.Filter{Subjects: subjects, Epochs: epochs},
		Problem: answer.problem,
	}
	answer.Ledger, err = ledgerOf(r.Context(), search, n.cfg.Audit.Withhold, n.cfg.Keys.Subject, n.clock().Time())
	if err != nil {
		return &admin.Fault{Status: http.StatusInternalServerError, Code: "audit_log", Err: err}
	}
	answer.Complete = len(answer.Problems) == 0
	if ask.Format == "json" {
		admin.Answer(w, http.StatusOK, answer)
		return nil
	}
	return n.writeLedger(w, ask.Lang, &answer)
}

// readLedgerRequest reads the body; a fault names the place, never the value.
func readLedgerRequest(r *http.Request) (*ledgerRequest, []identity.Key, error) {
	ask := &ledgerRequest{Lang: "vi", Format: "json"}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(ask); err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return nil, nil, err
		}
		return nil, nil, errors.New(`reading the body: want {"identifiers":["…"],"lang":"vi","format":"json"}`)
	}
	switch {
	case len(ask.Identifiers) == 0 || len(ask.Identifiers) > mostIdentifiers:
		return nil, nil, fmt.Errorf("identifiers: must be 1 to %d", mostIdentifiers)
	case ask.Lang != "vi" && ask.Lang != "en":
		return nil, nil, errors.New("lang: must be vi or en")
	case ask.Format != "json" && ask.Format != "text":
		return nil, nil, errors.New("format: must be json or text")
	}
	keys := make([]identity.Key, 0, len(ask.Identifiers))
	for i, text := range ask.Identifiers {
		key, fault := identity.ParseAny([]byte(text))
		if fault != identity.FaultNone {
			return nil, nil, fmt.Errorf("identifiers[%d]: %w", i, fault)
		}
		keys = append(keys, key)
	}
	return ask, keys, nil
}

// recordLedger writes down whose ledger is told, to whom: that too is something the person may ask about.
func (n *node) recordLedger(ctx context.Context, by *verify.Caller, keys []identity.Key, subjects []verify.Subject) error {
	var id verify.RequestID
	_, _ = rand.Read(id[:]) // never fails
	told := make([]verify.Decision, len(keys))
	for i := range keys {
		told[i] = verify.Decision{At: n.clock(), RequestID: id, Caller: by, Call: verify.CallLedger, Kind: keys[i].Kind(), Subject: subjects[i], Code: "told"}
	}
	return n.audit.Record(ctx, told)
}

func (n *node) writeLedger(w http.ResponseWriter, lang string, a *ledgerAnswer) error {
	text := audit.LedgerText{Language: lang}
	if file := n.cfg.Clients.File; file != "" {
		text.Names, _ = namesIn(file) // without names, callers are shown by their ids
	}
	var b bytes.Buffer
	if err := text.Write(&b, a.Ledger); err != nil {
		return err
	}
	for _, p := range a.Problems {
		fmt.Fprintf(&b, "\n! %s\n", p)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = b.WriteTo(w)
	return nil
}
