package apptest_test

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/verigate/verigate/gateway/portal/portaltest"
)

// samplesPerCode is how many patients with the same result code every family of clients asks about.
const samplesPerCode = 3

// TestEveryFamilyOfClients points each kind of hospital program at the running gateway, changing nothing but the
// address: whatever result code comes, each must log in, find its landmarks and read the same code.
func TestEveryFamilyOfClients(t *testing.T) {
	g := startDemo(t)
	sum := md5.Sum([]byte(g.PortalPassword))
	site := &portaltest.Site{Base: g.Gateway, Username: g.PortalUsername, PasswordMD5: hex.EncodeToString(sum[:]),
		OfficerID: g.OfficerID, OfficerName: g.OfficerName, Client: g.http}
	asked := map[string]int{}
	for _, s := range samples(t, "national", 3_000, 7) {
		if !s.forPortal() || s.On != "" || asked[s.PortalCode] == samplesPerCode {
			continue
		}
		asked[s.PortalCode]++
		var p portaltest.Patient
		if err := json.Unmarshal(s.portal(), &p); err != nil {
			t.Fatal(err)
		}
		for _, f := range portaltest.Families() {
			holdFamily(t, f, site, p, s)
		}
	}
	for _, code := range []string{"000", "001", "003", "004", "010", "050", "060", "070"} {
		if asked[code] == 0 {
			t.Errorf("no sample of %s among those drawn: %v", code, asked)
		}
	}
}

func holdFamily(t *testing.T, f portaltest.Family, site *portaltest.Site, p portaltest.Patient, s sample) {
	t.Helper()
	session, err := f.Login(t.Context(), site)
	if err != nil {
		t.Fatalf("%s: logging in: %v", f.Name, err)
	}
	for _, call := range []string{"NhanLichSuKCB2018", "KQNhanLichSuKCB2019", "KQNhanLichSuKCB2024"} {
		if seen, err := f.Lookup(t.Context(), site, session, call, p); err != nil || seen.Code != s.PortalCode {
			t.Errorf("%s, %s: read %+v, %v; want %s for %s", f.Name, call, seen, err, s.PortalCode, s.portal())
		}
	}
}
