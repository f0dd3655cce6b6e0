package main

import (
	"errors"
	"net/http"

	"github.com/verigate/verigate/clients/adminapi"
	"github.com/verigate/verigate/gateway/admin"
	"github.com/verigate/verigate/verify"
)

// describeCallers shows the directory, and whether it is the newest and the limits are shared.
func (n *node) describeCallers() {
	n.admin.AddSection("callers", func() any { return n.callers.Status() })
	n.admin.AddComponent(admin.Component{Name: "callers", Check: func() error {
		s := n.callers.Status()
		switch {
		case s.Error != "":
			return errors.New(s.Error)
		case s.Away != "":
			return errors.New(s.Away)
		case s.Share != nil && s.Share.Error != "":
			return errors.New(s.Share.Error)
		}
		return nil
	}})
}

// addClientActs lets operators manage callers over the admin listener.
func (n *node) addClientActs() {
	store, secrets := n.callers.Store()
	api := &adminapi.API{Store: store, Secrets: secrets}
	for _, route := range api.Routes() {
		n.admin.AddAct(admin.Act{
			Pattern: route.Pattern, Name: route.Name, Target: route.Target, MaxBody: route.MaxBody, Within: route.Within,
			Do: func(w http.ResponseWriter, r *http.Request, by *verify.Caller) { n.clientAct(&route, w, r, by) },
		})
	}
}

// clientAct does what a route does, records what became of it, and answers.
func (n *node) clientAct(route *adminapi.Route, w http.ResponseWriter, r *http.Request, by *verify.Caller) {
	a, err := route.Do(r)
	if err != nil {
		if f, ok := errors.AsType[*adminapi.Fault](err); ok {
			err = &admin.Fault{Status: f.Status, Code: f.Code, Err: f.Err}
		}
		admin.Fail(w, err)
		return
	}
	if a.Done != nil {
		detail := a.Done
		if route.Target != "" {
			detail = append([]string{route.Target, r.PathValue(route.Target)}, detail...)
		}
		if err := n.audit.Event(route.Name+"_done", by.ID, detail...); err != nil {
			// That it was asked for is recorded, and it is done: without the answer its secrets would be lost as well.
			n.log.Error("what an operator changed is not in the audit log", "act", route.Name, "reason", err)
		}
	}
	admin.Answer(w, a.Status, a.Body)
}
