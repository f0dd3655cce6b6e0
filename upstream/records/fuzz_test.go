package records

import (
	"testing"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// FuzzDecodeReply: whatever a registry sends, decoding ends, and what it lets through is a record that decodes again
// and holds the identifier asked for.
func FuzzDecodeReply(f *testing.F) {
	f.Add([]byte(`{"answers":[{"status":"absent","version":17,"as_of":"2026-11-21T01:02:03Z"}]}`))
	f.Add([]byte(`{"answers":[{"status":"elsewhere","holder":"defence","version":1,"as_of":"2026-11-21T01:02:03Z"}]}`))
	f.Add([]byte(`{"answers":[{"status":"record","version":1,"as_of":"2026-11-21T01:02:03Z","record":{"id":"001080000000","code":"0000000001","name":"Nguyễn Văn Mẫu","dob":"1980-02-01","sex":"male","cards":[{"number":"GD4010000000001","valid_from":"2026-01-01","status":"active","facility":"01000","benefit":4}],"former":[{"kind":"id","value":"001080000001","until":"2024"}]}}]}`))
	id, _ := identity.NewKey(identity.KindID, "001080000000")
	f.Fuzz(func(t *testing.T, body []byte) {
		out := make([]verify.Held, 1)
		if decodeReply(body, []identity.Key{id}, out) != nil || out[0].State != verify.StatePresent {
			return
		}
		var r verify.Record
		if err := r.Decode(out[0].Record); err != nil {
			t.Fatalf("what was let through does not decode: %v", err)
		}
		if !holds(&r, id) {
			t.Fatal("what was let through is another person")
		}
	})
}
