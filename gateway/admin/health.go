package admin

import (
	"encoding/json"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"time"
)

// readiness is what /readyz answers.
type readiness struct {
	State      string           `json:"state"` // ready, degraded, not_ready, stopping
	Components []componentState `json:"components"`
}

type componentState struct {
	Name  string `json:"name"`
	State string `json:"state"` // ready, degraded, not_ready
	Why   string `json:"why,omitempty"`
}

func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	r := s.readiness()
	status := http.StatusOK
	if r.State == "not_ready" || r.State == "stopping" {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, r)
}

func (s *Server) readiness() readiness {
	s.mu.RLock()
	components := slices.Clone(s.components)
	s.mu.RUnlock()
	r := readiness{State: "ready", Components: make([]componentState, 0, len(components))}
	for _, c := range components {
		state := componentState{Name: c.Name, State: "ready"}
		if err := c.Check(); err != nil {
			state.State, state.Why = "degraded", err.Error()
			if c.Vital {
				state.State = "not_ready"
			}
		}
		if state.State == "not_ready" || r.State == "ready" {
			r.State = state.State
		}
		r.Components = append(r.Components, state)
	}
	if s.draining.Load() {
		r.State = "stopping"
	}
	return r
}

// status answers every section's value under its name, with the process's own and the readiness.
func (s *Server) status(w http.ResponseWriter, _ *http.Request) {
	s.mu.RLock()
	sections := maps.Clone(s.sections)
	s.mu.RUnlock()
	out := map[string]any{"readiness": s.readiness(), "process": s.process()}
	for name, read := range sections {
		out[name] = read()
	}
	writeJSON(w, http.StatusOK, out)
}

func (s *Server) process() any {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return map[string]any{"started_at": s.started.UTC().Format(time.RFC3339), "uptime_s": int64(time.Since(s.started).Seconds()),
		"goroutines": runtime.NumGoroutine(), "heap_bytes": m.HeapAlloc, "cpus": runtime.GOMAXPROCS(0)}
}

func writeJSON(w http.ResponseWriter, status int, v any) { writeAs(w, "application/json", status, v) }

func writeAs(w http.ResponseWriter, contentType string, status int, v any) {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":"a section cannot be written as JSON"}`)
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}
