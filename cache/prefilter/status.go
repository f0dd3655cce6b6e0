package prefilter

import (
	"time"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// Info describes a generation to people and programs.
type Info struct {
	Format    int                 `json:"format"`
	Registry  string              `json:"registry"`
	Created   time.Time           `json:"created"`
	Keys      uint64              `json:"keys"`
	Bytes     uint64              `json:"bytes"`
	FP        float64             `json:"fp"`        // the worst kind's
	Watermark WatermarkInfo       `json:"watermark"` // the oldest kind's
	Coverage  map[string]Coverage `json:"coverage"`  // by kind
	Filters   []Part              `json:"filters"`
}

// Part describes the filter of one kind.
type Part struct {
	Kind       string        `json:"kind"`
	Keys       uint64        `json:"keys"`
	Bytes      uint64        `json:"bytes"`
	FP         float64       `json:"fp"`
	Bits       uint64        `json:"m"`
	Probes     int           `json:"k"`
	BitsPerKey float64       `json:"bits_per_key"`
	Snapshot   string        `json:"snapshot"`
	Watermark  WatermarkInfo `json:"watermark"`
}

// WatermarkInfo is how far a snapshot reaches.
type WatermarkInfo struct {
	Version uint64    `json:"version"`
	At      time.Time `json:"at"`
}

// Info returns the description of g.
func (g *Generation) Info() Info {
	i := Info{Format: fileFormat, Registry: g.registry, Created: g.created, Coverage: make(map[string]Coverage)}
	for p := range g.each {
		part := Part{
			Kind: p.kind.String(), Keys: p.keys, Bytes: p.m() / 8, FP: p.fp, Bits: p.m(), Probes: p.k,
			BitsPerKey: float64(p.m()) / float64(p.keys), Snapshot: p.snapshot,
			Watermark: WatermarkInfo{Version: p.version, At: time.Unix(0, p.at).UTC()},
		}
		if len(i.Filters) == 0 || p.version < i.Watermark.Version {
			i.Watermark = part.Watermark
		}
		i.Coverage[part.Kind] = p.coverage.clone()
		i.Keys += part.Keys
		i.Bytes += part.Bytes
		i.FP = max(i.FP, part.FP)
		i.Filters = append(i.Filters, part)
	}
	return i
}

// Status is what /status tells of the filter.
type Status struct {
	Generation *Info          `json:"generation"`          // null: none in use
	Complete   bool           `json:"complete"`            // everything issued since the snapshot is inside
	Answering  bool           `json:"answering"`           // complete, with a young watermark
	Watermark  *LiveWatermark `json:"watermark,omitempty"` // the newest
	MaxAge     string         `json:"max_watermark_age"`
	Added      map[string]int `json:"added"` // identifiers issued since the snapshot, by kind
}

// LiveWatermark is the newest watermark with its age on this node's clock.
type LiveWatermark struct {
	Version uint64    `json:"version"`
	At      time.Time `json:"at"`
	AgeS    float64   `json:"age_s"`
}

// Status describes the filter as of now.
func (f *Filter) Status(now verify.Instant) Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	v := f.view.Load()
	s := Status{MaxAge: f.cfg.MaxWatermarkAge.String(), Added: make(map[string]int)}
	for k := identity.KindID; k < identity.Kinds; k++ {
		s.Added[k.String()] = v.added[k].used
	}
	if v.gen != nil {
		info := v.gen.Info()
		s.Generation, s.Complete = &info, true
		for p := range v.gen.each {
			s.Complete = s.Complete && v.ready[p.kind]
		}
	}
	if mark := f.mark.Load(); mark != nil {
		age := time.Duration(now.Mono - mark.Learned)
		s.Watermark = &LiveWatermark{Version: mark.Version, At: time.Unix(0, mark.At).UTC(), AgeS: age.Seconds()}
		s.Answering = s.Complete && age < f.cfg.MaxWatermarkAge.Std()
	}
	return s
}
