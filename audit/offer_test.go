package audit_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/verigate/verigate/audit"
	"github.com/verigate/verigate/audit/witness"
	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/internal/metric"
)

// witnessOf runs a witness to the log in cfg over HTTP and tells the log of it.
func witnessOf(t *testing.T, cfg *audit.Config) (key, dir, kept string) {
	t.Helper()
	dir = t.TempDir()
	origin, v, err := audit.Origin(readFile(t, filepath.Join(cfg.Dir, "LOG")))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := witness.LoadSigner(filepath.Join(dir, "witness.key"), "ministry", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	w, err := witness.New(dir, signer, map[string]note.Verifier{origin: v}, nil)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	cfg.Witnesses = []string{server.URL + " " + signer.String()}
	return signer.String(), dir, filepath.Join(dir, witness.File(origin))
}

func offering(t *testing.T, segments int) audit.Config {
	t.Helper()
	cfg := written(t, segments, 20)
	cfg.Checkpoint, cfg.LinkEvery, cfg.OfferEvery = config.Duration(100*time.Millisecond), config.Duration(100*time.Millisecond), config.Duration(50*time.Millisecond)
	return cfg
}

func mustKey(t *testing.T, text string) *witness.Verifier {
	t.Helper()
	v, err := witness.NewVerifier(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Every checkpoint is cosigned while the log grows; what the witness kept proves the log afterwards, and is no good
// under another witness's name.
func TestOfferedCheckpointsAreCosigned(t *testing.T) {
	cfg := offering(t, 2)
	key, _, kept := witnessOf(t, &cfg)
	for run := range 3 {
		l, err := audit.Open(cfg, audit.Deps{})
		if err != nil {
			t.Fatal(err)
		}
		fill(t, l, 30)
		eventually(t, "a cosigned head", func() bool {
			s := l.Status().Witnesses
			return len(s) == 1 && s[0].Size == uint64(2+run) && s[0].Trouble == "" && !s[0].At.IsZero()
		})
		if _, text := get(t, l, "/cosigned"); !strings.Contains(text, "— ministry ") {
			t.Errorf("offered: %q", text)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	checkpoints := readFile(t, kept)
	r := mustVerify(t, audit.VerifyConfig{Dir: cfg.Dir, Checkpoints: checkpoints, Witness: mustKey(t, key)})
	if !r.Sound() || r.Witnessed.IsZero() || len(r.Notes) > 0 {
		t.Errorf("%v %v, cosigned %v", r.Findings, r.Notes, r.Witnessed)
	}
	own := readFile(t, filepath.Join(cfg.Dir, "checkpoints"))
	r = mustVerify(t, audit.VerifyConfig{Dir: cfg.Dir, Checkpoints: own, Witness: mustKey(t, key)})
	if r.Sound() || !strings.Contains(r.Findings[0].Reason, "not cosigned by witness ministry") {
		t.Errorf("the log's own word was taken for the witness's: %v", r.Findings)
	}
	named(t, tampered(t, audit.VerifyConfig{Dir: cfg.Dir}, map[string][]byte{"cosigned": []byte("x")}), "a forged cosigned checkpoint", "cosigned")
}

// A log that lies is found out by its witness: cut back, gone on with another past, cut back within the segment that was
// being written. Status, metric and the operator's log say so, and the witness signs nothing of it.
func TestWitnessRefusesLies(t *testing.T) {
	for name, lie := range map[string]struct {
		prepare func(t *testing.T, early, present audit.Config) audit.Config
		want    string
	}{
		"rolled back": {func(t *testing.T, early, _ audit.Config) audit.Config { return early }, "it cosigned 3 sealed segments, there are 2"},
		"forked and grown": {func(t *testing.T, early, _ audit.Config) audit.Config {
			for range 4 {
				l, err := audit.Open(early, audit.Deps{})
				if err != nil {
					t.Fatal(err)
				}
				fill(t, l, 5)
				if err := l.Close(); err != nil {
					t.Fatal(err)
				}
			}
			return early
		}, "does not continue"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := offering(t, 2)
			early := cfg
			early.Dir = copyDir(t, cfg.Dir)
			_, dir, kept := witnessOf(t, &cfg)
			for range 2 {
				l, err := audit.Open(cfg, audit.Deps{})
				if err != nil {
					t.Fatal(err)
				}
				fill(t, l, 30)
				eventually(t, "cosigning", func() bool { return !l.Status().Witnesses[0].At.IsZero() })
				if err := l.Close(); err != nil {
					t.Fatal(err)
				}
			}
			before := readFile(t, kept)
			liar := lie.prepare(t, early, cfg)
			liar.Witnesses = cfg.Witnesses
			set := new(metric.Set)
			l, err := audit.Open(liar, audit.Deps{Metrics: set})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = l.Close() }()
			fill(t, l, 5)
			eventually(t, "the witness's refusal", func() bool { return strings.Contains(l.Status().Witnesses[0].Trouble, lie.want) })
			if n := counter(set, "verigate_audit_offers_total", "refused"); n == 0 {
				t.Error("the refusal is not counted")
			}
			if after := readFile(t, kept); string(after) != string(before) {
				t.Error("the witness signed a lie")
			}
			if r := mustVerify(t, audit.VerifyConfig{Dir: liar.Dir, Checkpoints: before}); r.Sound() {
				t.Error("what the witness kept does not show the lie")
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) < 3 {
				t.Errorf("%v %v", entries, err)
			}
		})
	}
}

// A witness that is away, or answers nonsense, costs nothing but a word.
func TestWitnessAway(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"away":     nil,
		"nonsense": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("— ministry AAAA\n")) },
		"broken":   func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "oh no", http.StatusInternalServerError) },
		"a size that grows": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", witness.SizeType)
			w.WriteHeader(http.StatusConflict)
			_, _ = w.Write([]byte("x\n"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := offering(t, 1)
			witnessOf(t, &cfg)
			server := httptest.NewServer(handler)
			_, key, _ := strings.Cut(cfg.Witnesses[0], " ")
			cfg.Witnesses[0] = server.URL + " " + key
			if handler == nil {
				server.Close()
			} else {
				defer server.Close()
			}
			l, err := audit.Open(cfg, audit.Deps{})
			if err != nil {
				t.Fatal(err)
			}
			fill(t, l, 5)
			eventually(t, "the trouble being told", func() bool { return l.Status().Witnesses[0].Trouble != "" })
			if err := l.Healthy(); err != nil {
				t.Error(err)
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWitnessSetting(t *testing.T) {
	for _, bad := range []string{"", "ministry", "http://x", "ftp://x ministry+aa+bb", "http://x ministry+00000000+AAAA"} {
		cfg := settings(t, func(c *audit.Config) { c.Witnesses = []string{bad} })
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "witness") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
