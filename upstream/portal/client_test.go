package portal_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/internal/clock"
	"github.com/verigate/verigate/upstream"
	"github.com/verigate/verigate/upstream/portal"
	"github.com/verigate/verigate/verify"
)

// The client library ends its idle-connection sweeper only at its next tick, seconds after Close.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*HostClient).connsCleaner"))
}

// double is a portal that hands out numbered tokens and accepts only those from valid on.
type double struct {
	mu      sync.Mutex
	taken   int
	valid   int
	http401 bool // refuse tokens by status instead of code
	asked   []string
	answer  string
}

const valid = `{"maKetQua":"000","ghiChu":"Thẻ còn giá trị sử dụng! (nguyên văn)","maThe":"GD4010000000001","hoTen":"Nguyễn Văn Mẫu","ngaySinh":"02/1980",` +
	`"gioiTinh":"Nam","diaChi":"Xã Mẫu","maDKBD":"01000","cqBHXH":"Bảo hiểm xã hội mẫu","gtTheTu":"01/01/2026","gtTheDen":null,"maKV":"K2",` +
	`"ngayDu5Nam":"01/01/2020","maSoBHXH":"0000000001","maTheCu":null,"maTheMoi":null,"gtTheTuMoi":null,"gtTheDenMoi":null,"maDKBDMoi":null,` +
	`"tenDKBDMoi":null,"dsLichSuKCB2018":null,"dsLichSuKT2018":null}`

func (d *double) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	if r.URL.Path == "/api/token/take" {
		d.taken++
		_, _ = fmt.Fprintf(w, `{"maKetQua":"200","APIKey":{"access_token":"t%d","id_token":"i%d","token_type":"Bearer","username":"01000_BV","expires_in":"%s"}}`,
			d.taken, d.taken, time.Now().Add(time.Hour).UTC().Format("2006-01-02T15:04:05.0000000Z"))
		return
	}
	d.asked = append(d.asked, r.URL.String()+" "+string(body))
	if r.URL.Query().Get("token") < fmt.Sprintf("t%d", d.valid) {
		if d.http401 {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, `{"maKetQua":"401","ghiChu":"Token không đúng.","maThe":null}`)
		return
	}
	_, _ = io.WriteString(w, d.answer)
}

func newClient(t *testing.T, d http.Handler, change func(*portal.Config)) *portal.Client {
	t.Helper()
	s := httptest.NewServer(d)
	t.Cleanup(s.Close)
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("mat-khau-mau\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var e upstream.Endpoint
	var cfg portal.Config
	config.Defaults(&e)
	config.Defaults(&cfg)
	e.URL, cfg.Username, cfg.PasswordFile = s.URL, "01000_BV", config.SecretFile(password)
	if change != nil {
		change(&cfg)
	}
	c, err := portal.New(e, cfg, clock.System)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func query() *verify.Query {
	k, _ := identity.NewKey(identity.KindCard, "GD4010000000001")
	return &verify.Query{Key: k, Claims: verify.Claims{Name: []byte(`Nguyễn Văn "Mẫu"`), DOB: identity.Date{Year: 1980, Month: 2}}}
}

func ask(c *portal.Client) (verify.Held, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	l := &verify.Lookup{Queries: []*verify.Query{query()}, Held: make([]verify.Held, 1)}
	err := c.Fetch(ctx, l)
	return l.Held[0], err
}

func TestOneTokenServesEverybody(t *testing.T) {
	d := &double{answer: valid}
	c := newClient(t, d, nil)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if held, err := ask(c); err != nil || held.State != verify.StateTold {
				t.Errorf("held %v, %v", held.State, err)
			}
		})
	}
	wg.Wait()
	if d.taken != 1 {
		t.Errorf("%d tokens for 50 questions", d.taken)
	}
	const want = `/api/egw/KQNhanLichSuKCB2019?id_token=i1&password=DAB7D75A44D0FA29B4E5C5C5CE2EDBF1&token=t1&username=01000_BV ` +
		`{"maThe":"GD4010000000001","hoTen":"Nguyễn Văn \"Mẫu\"","ngaySinh":"02/1980"}`
	if got := d.asked[0]; len(got) != len(want) || !strings.HasSuffix(got, want[strings.Index(want, " "):]) || strings.Contains(got, "mat-khau") {
		t.Errorf("asked %s", got)
	}
}

func TestARefusedTokenIsRenewedOnceForEverybody(t *testing.T) {
	for _, http401 := range []bool{false, true} {
		t.Run(fmt.Sprintf("by status %v", http401), func(t *testing.T) {
			d := &double{answer: valid, http401: http401}
			c := newClient(t, d, nil)
			if _, err := ask(c); err != nil {
				t.Fatal(err)
			}
			d.mu.Lock()
			d.valid = 2
			d.mu.Unlock()
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() {
					if _, err := ask(c); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if d.taken != 2 {
				t.Errorf("%d tokens taken, want 2", d.taken)
			}
			d.mu.Lock()
			d.valid = 9 // no token is good enough
			d.mu.Unlock()
			_, err := ask(c)
			if f := new(upstream.Failure); !errors.As(err, &f) || f.Trouble != verify.TroubleRefused || d.taken != 3 {
				t.Errorf("%v after %d tokens", err, d.taken)
			}
		})
	}
}

func TestWhatIsToldIsKept(t *testing.T) {
	c := newClient(t, &double{answer: "\ufeff" + valid}, nil)
	held, err := ask(c)
	if err != nil {
		t.Fatal(err)
	}
	var told verify.Told
	if err := told.Decode(held.Record); err != nil {
		t.Fatal(err)
	}
	r := &told.Record
	if told.Status != verify.Status000 || string(told.Note) != "Thẻ còn giá trị sử dụng! (nguyên văn)" || string(r.Name) != "Nguyễn Văn Mẫu" ||
		r.DOB != (identity.Date{Year: 1980, Month: 2}) || r.Sex != identity.Male || len(r.Cards) != 1 || r.Cards[0].Area != 2 ||
		r.Cards[0].Benefit != 4 || r.Cards[0].From.String() != "2026-01-01" || !r.Cards[0].To.IsZero() || r.Cards[0].FiveYears.String() != "2020-01-01" {
		t.Errorf("told %+v", told)
	}
	if held.AsOf == 0 {
		t.Error("the answer has no time")
	}
}

func TestCodes(t *testing.T) {
	tests := []struct {
		code    string
		outcome verify.Outcome
		reason  verify.Reason
		trouble verify.Trouble
	}{
		{"000", verify.OutcomeMatch, 0, 0}, {"001", verify.OutcomeOutOfRegister, 0, 0}, {"002", verify.OutcomeOutOfRegister, 0, 0},
		{"003", verify.OutcomeSuperseded, 0, 0}, {"004", verify.OutcomeMatch, 0, 0}, {"010", verify.OutcomeInactive, verify.ReasonExpired, 0},
		{"050", verify.OutcomeNotFound, 0, 0}, {"051", verify.OutcomeNotFound, 0, 0}, {"052", verify.OutcomeNotFound, 0, 0}, {"053", verify.OutcomeNotFound, 0, 0},
		{"060", verify.OutcomeMismatch, 0, 0}, {"061", verify.OutcomeMismatch, 0, 0}, {"070", verify.OutcomeMismatch, 0, 0},
		{"080", verify.OutcomeMismatch, 0, 0}, {"090", verify.OutcomeMismatch, 0, 0},
		{"110", verify.OutcomeInactive, verify.ReasonRecalled, 0}, {"120", verify.OutcomeInactive, verify.ReasonDecreased, 0},
		{"121", verify.OutcomeInactive, verify.ReasonMovedProvince, 0}, {"122", verify.OutcomeInactive, verify.ReasonMovedWithinProvince, 0},
		{"123", verify.OutcomeInactive, verify.ReasonReEnrolled, 0}, {"124", verify.OutcomeInactive, verify.ReasonLeftScheme, 0}, {"130", verify.OutcomeMatch, 0, 0},
		{"054", 0, 0, verify.TroubleRefused}, {"055", 0, 0, verify.TroubleRefused}, {"100", 0, 0, verify.TroubleRefused}, {"101", 0, 0, verify.TroubleRefused},
		{"205", 0, 0, verify.TroubleRefused}, {"500", 0, 0, verify.TroubleRefused}, {"999", 0, 0, verify.TroubleGarbled}, {"", 0, 0, verify.TroubleGarbled},
	}
	policy := verify.DefaultPolicy()
	today := identity.Date{Year: 2026, Month: 11, Day: 21}
	for _, tt := range tests {
		t.Run(tt.code, func(t *testing.T) {
			c := newClient(t, &double{answer: strings.Replace(valid, "000", tt.code, 1)}, nil)
			held, err := ask(c)
			if tt.trouble != 0 {
				if f := new(upstream.Failure); !errors.As(err, &f) || f.Trouble != tt.trouble {
					t.Fatalf("err = %v, want trouble %v", err, tt.trouble)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var told verify.Told
			if err := told.Decode(held.Record); err != nil {
				t.Fatal(err)
			}
			a := verify.JudgeTold(&held, &told, query(), today, today, &policy)
			if a.Outcome != tt.outcome || a.Reason != tt.reason || a.Status.Code() != tt.code {
				t.Errorf("got %v %v %s", a.Outcome, a.Reason, a.Status.Code())
			}
			other := verify.JudgeTold(&held, &told, query(), identity.Date{Year: 2026, Month: 1, Day: 1}, today, &policy)
			switch tt.outcome {
			case verify.OutcomeMatch, verify.OutcomeInactive, verify.OutcomeSuperseded:
				if other.Outcome != verify.OutcomeUnavailable {
					t.Errorf("for another day: %v", other.Outcome)
				}
			}
		})
	}
}

func TestTheOfficerIsNamed(t *testing.T) {
	d := &double{answer: valid}
	officer := filepath.Join(t.TempDir(), "officer")
	if err := os.WriteFile(officer, []byte("001180000000"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, d, func(cfg *portal.Config) {
		cfg.Call, cfg.OfficerName, cfg.OfficerFile = "KQNhanLichSuKCB2024", "Trần Thị Thử", config.SecretFile(officer)
	})
	if _, err := ask(c); err != nil {
		t.Fatal(err)
	}
	var body map[string]string
	if err := json.Unmarshal([]byte(d.asked[0][strings.Index(d.asked[0], "{"):]), &body); err != nil {
		t.Fatal(err)
	}
	if body["hoTenCb"] != "Trần Thị Thử" || body["cccdCb"] != "001180000000" || !strings.Contains(d.asked[0], "KQNhanLichSuKCB2024") {
		t.Errorf("asked %s", d.asked[0])
	}
}

func TestTroublesOfTheLogIn(t *testing.T) {
	tests := []struct {
		name, body string
		status     int
		want       verify.Trouble
	}{
		{"wrong password", `{"maKetQua":"401","APIKey":null}`, 200, verify.TroubleRefused},
		{"status", ``, 503, verify.TroubleRefused},
		{"not JSON", `<html>`, 200, verify.TroubleGarbled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			}), nil)
			_, err := ask(c)
			if f := new(upstream.Failure); !errors.As(err, &f) || f.Trouble != tt.want {
				t.Errorf("err = %v, want trouble %v", err, tt.want)
			}
		})
	}
}
