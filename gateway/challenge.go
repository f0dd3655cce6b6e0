package gateway

import (
	v1 "github.com/verigate/verigate/gateway/v1"
	"github.com/verigate/verigate/verify"
)

// challenges are the WWW-Authenticate headers of refusals (RFC 6750, 3), made once. Whoever shows no credential is told
// only how to; other refusals of 403 than of scope and purpose are nothing that another credential would mend.
var challenges = func() (all [verify.Refusals][]byte) {
	for r := range all {
		text := `Bearer realm="verigate"`
		switch r := verify.Refusal(r); {
		case r == verify.RefusalScope, r == verify.RefusalPurpose:
			text += `, error="insufficient_scope"` + described(r)
		case r != verify.RefusalKeyMissing && (v1.Problem{Refusal: r}).Meaning().Status == 401:
			text += `, error="invalid_token"` + described(r)
		}
		all[r] = []byte(text)
	}
	return all
}()

// scopeChallenges name the scope that is missing, by its place in [verify.ScopeNames].
var scopeChallenges = func() (all [len(verify.ScopeNames)][]byte) {
	for i, name := range verify.ScopeNames {
		all[i] = []byte(string(challenges[verify.RefusalScope]) + `, scope="` + name + `"`)
	}
	return all
}()

// described says for people what the problem is; the code comes first, for programs that read no bodies.
func described(r verify.Refusal) string {
	m := v1.Problem{Refusal: r}.Meaning()
	return `, error_description="` + m.Code + `: ` + m.Title[v1.English] + `"`
}

// challenge returns the WWW-Authenticate header of the exchange's problem.
func (x *exchange) challenge() []byte {
	if x.problem.Refusal == verify.RefusalScope {
		for i := range scopeChallenges {
			if x.route.scope == 1<<i {
				return scopeChallenges[i]
			}
		}
	}
	return challenges[x.problem.Refusal]
}
