package adminapi

import (
	"fmt"
	"net/http"
	"strconv"
)

const (
	listDefault = 1000
	listMost    = 20_000
)

// listing is a page of callers in the directory's order; after is the last one's id when there are more.
type listing struct {
	Callers []Caller `json:"callers"`
	After   string   `json:"after,omitempty"`
	Total   int      `json:"total"` // callers of this kind and status in the whole directory
}

// list is GET /clients?kind=&status=&limit=&after=.
func (a *API) list(r *http.Request) (Answer, error) {
	q := r.URL.Query()
	for name := range q {
		switch name {
		case "kind", "status", "limit", "after":
		default:
			return Answer{}, fmt.Errorf("parameter %q: must be kind, status, limit or after", name)
		}
	}
	limit := listDefault
	if text := q.Get("limit"); text != "" {
		var err error
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > listMost {
			return Answer{}, fmt.Errorf("limit %q: must be 1 to %d", text, listMost)
		}
	}
	f, err := a.read(r)
	if err != nil {
		return Answer{}, err
	}
	out, after := listing{Callers: []Caller{}}, q.Get("after")
	for _, e := range f.Entries {
		if q.Get("kind") != "" && e.Kind != q.Get("kind") || q.Get("status") != "" && e.Status != q.Get("status") {
			continue
		}
		out.Total++
		switch {
		case after != "":
			if e.ID == after {
				after = ""
			}
		case len(out.Callers) < limit:
			out.Callers = append(out.Callers, view(e, a.now()))
		case out.After == "":
			out.After = out.Callers[limit-1].ID
		}
	}
	return Answer{Status: http.StatusOK, Body: out}, nil
}

// show is GET /clients/{id}.
func (a *API) show(r *http.Request) (Answer, error) {
	f, err := a.read(r)
	if err != nil {
		return Answer{}, err
	}
	e, err := caller(f, r)
	if err != nil {
		return Answer{}, err
	}
	return Answer{Status: http.StatusOK, Body: view(e, a.now())}, nil
}
