package clients

import (
	"time"

	"github.com/verigate/verigate/verify"
)

// Entry is one caller as the directory file holds it. Everything secret in it is a hash or sealed.
type Entry struct {
	ID       string    `json:"id"`                 // short stable name: a–z, 0–9, ".", "_", "-"; it appears in logs
	Kind     string    `json:"kind"`               // clinic, agency, laboratory or operator
	Name     string    `json:"name,omitempty"`     // the organisation, for people
	Facility string    `json:"facility,omitempty"` // five characters
	Status   string    `json:"status"`             // active, suspended or revoked
	Contact  string    `json:"contact,omitempty"`  // whom a suspended caller is told to talk to
	Scopes   []string  `json:"scopes"`
	Purposes []string  `json:"purposes"`        // allowed; the first is the default
	Policy   Policy    `json:"policy,omitzero"` // deviations from the default policy
	Limits   Limits    `json:"limits,omitzero"` // what is zero is the default of the kind
	Accounts []Account `json:"accounts,omitempty"`
	Officers []Officer `json:"officers,omitempty"`
	Keys     []Key     `json:"keys,omitempty"`

	PublicKeys []PublicKey `json:"public_keys,omitempty"`
	MutualTLS  MutualTLS   `json:"mutual_tls,omitzero"`
}

// Policy is a caller's deviation from [verify.DefaultPolicy] and, by mismatch_details, disclose_on_mismatch and
// show_deceased, from the field policy; what is nil is as there.
type Policy struct {
	Accept             []string `json:"accept,omitempty"` // field results that count as agreement
	MismatchDetails    *bool    `json:"mismatch_details,omitempty"`
	DiscloseOnMismatch *bool    `json:"disclose_on_mismatch,omitempty"`
	ShowDeceased       *bool    `json:"show_deceased,omitempty"`
	LooseIY            *bool    `json:"loose_iy,omitempty"`
	StaffRequired      *bool    `json:"staff_required,omitempty"`
	BadTokenStatus401  *bool    `json:"bad_token_401,omitempty"`
}

// Limits are what a caller may ask for; zero means the default of its kind.
type Limits struct {
	Rate        int64 `json:"rate,omitempty"`        // queries per second, sustained
	Burst       int64 `json:"burst,omitempty"`       // queries at once after a pause
	Concurrency int64 `json:"concurrency,omitempty"` // requests under way at once
	Daily       int64 `json:"daily,omitempty"`       // queries per Vietnamese calendar day
	People      int64 `json:"people,omitempty"`      // people in the window of a harvest budget, docs/harvesting.md
	Unproven    int64 `json:"unproven,omitempty"`    // added to what that budget allows without proof; zero means none
}

// Account is a log-in of the national portal's contract.
type Account struct {
	Username string   `json:"username"`
	Password string   `json:"password"`           // hexadecimal HMAC-SHA-256, see [Secrets.Password]
	Epoch    uint32   `json:"epoch,omitempty"`    // raised to end all tokens issued before
	Networks []string `json:"networks,omitempty"` // CIDR: log-ins from here are never slowed because of others' failures
	Revoked  bool     `json:"revoked,omitempty"`
}

// Officer is a staff member registered for portal look-ups.
type Officer struct {
	ID   string `json:"id"`   // hexadecimal keyed hash, see [Secrets.Officer]
	Name string `json:"name"` // sealed, see [Secrets.SealName]
}

// Key is an API key as stored: never the key itself.
type Key struct {
	ID      string     `json:"id"`
	SHA256  string     `json:"sha256"` // hexadecimal [KeyDigest]
	Created time.Time  `json:"created"`
	Expires *time.Time `json:"expires,omitempty"`
	Revoked *time.Time `json:"revoked,omitempty"`
}

// The statuses of a caller.
const (
	StatusActive    = "active"
	StatusSuspended = "suspended"
	StatusRevoked   = "revoked"
)

const (
	maxID       = 40
	maxUsername = 64
	maxText     = 200
	md5HexLen   = 32
)

// defaults are what a kind of caller gets when its entry, or the command that adds it, says nothing.
type defaults struct {
	limits   Limits
	scopes   []string
	purposes []string
}

// A clinic's figures fit a provincial hospital on a Monday morning with several desks; an agency's a nightly batch.
var kindDefaults = [...]defaults{
	verify.CallerClinic: {
		Limits{Rate: 20, Burst: 100, Concurrency: 32, Daily: 50_000},
		[]string{"lookup", "verify"}, []string{"treatment", "claim", "registration"},
	},
	verify.CallerAgency: {
		Limits{Rate: 500, Burst: 2000, Concurrency: 64, Daily: 5_000_000},
		[]string{"verify", "batch"}, []string{"reconciliation", "benefit_payment", "registration", "statistics"},
	},
	verify.CallerLaboratory: {
		Limits{Rate: 10, Burst: 50, Concurrency: 16, Daily: 20_000},
		[]string{"verify"}, []string{"treatment", "claim"},
	},
	verify.CallerOperator: {
		Limits{Rate: 10, Burst: 50, Concurrency: 8, Daily: 10_000},
		[]string{"admin"}, []string{"test"},
	},
}

// withDefaults fills what is zero from the defaults of the kind.
func (l Limits) withDefaults(kind verify.CallerKind) Limits {
	d := kindDefaults[kind].limits
	return Limits{
		Rate:        orDefault(l.Rate, d.Rate),
		Burst:       orDefault(l.Burst, d.Burst),
		Concurrency: orDefault(l.Concurrency, d.Concurrency),
		Daily:       orDefault(l.Daily, d.Daily),
		People:      l.People,
		Unproven:    l.Unproven,
	}
}

func orDefault(v, d int64) int64 {
	if v == 0 {
		return d
	}
	return v
}

func kindOf(name string) verify.CallerKind {
	for i, n := range verify.CallerKindNames {
		if i > 0 && n == name {
			return verify.CallerKind(i)
		}
	}
	return verify.CallerNone
}
