package gateway_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/verigate/verigate/verify"
)

// TestUsageListsWhatIsAnswered asks every kind of caller what it may ask, and then asks everything.
func TestUsageListsWhatIsAnswered(t *testing.T) {
	w := newWorld()
	base := start(t, w, nil)
	listed := 0
	for kind := verify.CallerClinic; int(kind) < len(verify.CallerKindNames); kind++ {
		for _, scopes := range []verify.Scope{0, verify.ScopeLookup, verify.ScopeVerify, verify.ScopeLookup | verify.ScopeVerify} {
			for _, own := range []uint16{0b11111110, 0b00001010} {
				c := &verify.Caller{ID: "c", Kind: kind, Purpose: verify.PurposeTreatment, Scopes: scopes, Policy: verify.DefaultPolicy()}
				for p := range verify.PurposeNames {
					if p > 0 && own&(1<<p) != 0 {
						c.Purposes |= 1 << p
					}
				}
				w.keys["c"] = c
				listed += holdUsage(t, base, fmt.Sprintf("%s, scopes %v, purposes %b", kind, scopes.Names(), own))
			}
		}
	}
	if listed == 0 {
		t.Error("nobody may ask anything")
	}
}

// holdUsage holds what GET /v1/usage lists to what is answered, and returns how many pairs were listed.
func holdUsage(t *testing.T, base, who string) (n int) {
	t.Helper()
	var u struct {
		Purposes []string            `json:"purposes"`
		Calls    map[string][]string `json:"calls"`
	}
	got := send(t, http.MethodGet, base+"/v1/usage", "", "", "Authorization", "Bearer c")
	if err := json.Unmarshal([]byte(got.body), &u); err != nil || len(u.Calls) != 3 {
		t.Fatalf("%s: %v %s", who, err, got.body)
	}
	for _, purpose := range verify.PurposeNames[1:] {
		some := false
		for call, target := range map[string][2]string{
			"lookup": {"/v1/lookup", "application/json"}, "verify": {"/v1/verify", "application/json"}, "batch": {"/v1/verify", "application/x-ndjson"},
		} {
			body := fmt.Sprintf(`{"id":"001080000000","name":"Nguyễn Văn Mẫu","dob":"1980-02-01","purpose":%q}`, purpose)
			got := send(t, http.MethodPost, base+target[0], target[1], body, "Authorization", "Bearer c")
			answered := !strings.Contains(got.body, "purpose_not_allowed") && !strings.Contains(got.body, "scope_missing")
			if is := slices.Contains(u.Calls[call], purpose); is != answered {
				t.Errorf("%s: %s for %s: listed %v, and answered %d %s", who, call, purpose, is, got.status, got.body)
			}
			if answered {
				some = true
				n++
			}
		}
		if slices.Contains(u.Purposes, purpose) != some {
			t.Errorf("%s: purpose %s is listed or left out wrongly: %v", who, purpose, u.Purposes)
		}
	}
	return n
}
