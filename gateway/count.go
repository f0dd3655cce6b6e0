package gateway

import (
	v1 "github.com/verigate/verigate/gateway/v1"
	"github.com/verigate/verigate/internal/metric"
	"github.com/verigate/verigate/verify"
)

// counters are the edge's metrics. All series exist from the start, so that a rate over one that never moved is 0 and
// not absent.
type counters struct {
	routes   []routeCounters // by route.n
	panics   *metric.Counter
	unlogged *metric.Counter
	lines    *metric.Counter
	badLines *metric.Counter
}

type routeCounters struct {
	answered *metric.Counter
	refused  map[string]*metric.Counter // by the stable code of the problem
	seconds  *metric.Histogram
}

func newCounters(set *metric.Set, s *Server) counters {
	c := counters{
		panics:   set.Counter("verigate_gateway_panics_total", "Requests whose handling crashed."),
		unlogged: set.Counter("verigate_gateway_unlogged_total", "Replies withheld because the audit log refused them."),
		lines:    set.Counter("verigate_gateway_stream_lines_total", "Lines of streamed verifications.", "result", "answered"),
		badLines: set.Counter("verigate_gateway_stream_lines_total", "Lines of streamed verifications.", "result", "refused"),
	}
	for _, r := range routes() {
		c.routes = append(c.routes, newRouteCounters(set, r))
	}
	set.Gauge("verigate_gateway_in_flight", "Requests that hold a slot.", func() float64 {
		return float64(int64(s.cfg.MaxInFlight) - s.slots.free.Load())
	})
	for lane := range verify.Lane(verify.Lanes) {
		set.Gauge("verigate_gateway_waiting", "Requests that wait for a slot, by lane.", func() float64 {
			return float64(s.slots.queued(lane))
		}, "lane", verify.LaneNames[lane])
	}
	return c
}

func newRouteCounters(set *metric.Set, r *route) routeCounters {
	const name, help = "verigate_gateway_requests_total", "Requests by call and result: answered, or the problem's code."
	rc := routeCounters{answered: set.Counter(name, help, "call", r.name, "result", "answered"), refused: make(map[string]*metric.Counter)}
	for _, m := range v1.Meanings() {
		if rc.refused[m.Code] == nil {
			rc.refused[m.Code] = set.Counter(name, help, "call", r.name, "result", m.Code)
		}
	}
	rc.seconds = set.Histogram("verigate_gateway_request_seconds", "Time from a request's admission to its rendered answer.",
		metric.LatencyBounds, "call", r.name)
	return rc
}

// request counts an exchange at its end.
func (c *counters) request(x *exchange) {
	rc := &c.routes[x.route.n]
	if x.problem.Refused() {
		rc.refused[x.problem.Meaning().Code].Inc()
	} else {
		rc.answered.Inc()
	}
	rc.seconds.Observe(x.s.deps.Clock().Since(x.now).Seconds())
}
