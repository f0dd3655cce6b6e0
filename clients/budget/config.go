package budget

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/verify"
)

// Config are the budgets' settings. The numbers are what a caller without history may do in a window; each rises with
// the people it proves to know (see limits). A window is the running epoch and the one before.
type Config struct {
	Enabled bool            `yaml:"enabled" default:"true" help:"Whether callers are held to harvest budgets; off means that a good credential may read the whole register."`
	Epoch   config.Duration `yaml:"epoch" default:"12h" min:"1m" max:"168h" help:"Half the time that is looked back upon: counts are those of the running epoch and the one before."`

	Strangers int `yaml:"strangers" default:"4" min:"1" max:"1000000" help:"People of whom a caller may learn without knowing name or day of birth."`
	Near      int `yaml:"mismatches" default:"90" min:"1" max:"1000000" help:"People of whom a caller knew a part, while another part disagreed."`
	Elsewhere int `yaml:"elsewhere" default:"20" min:"1" max:"1000000" help:"People of whom a caller learned that another register keeps them."`
	Misses    int `yaml:"misses" default:"100" min:"1" max:"1000000" help:"Numbers asked for that nobody was ever issued."`
	Ordered   int `yaml:"ordered" default:"25" min:"1" max:"1000000" help:"Questions without knowledge whose numbers lie close to each other or at equal distances."`
	Bucketed  int `yaml:"bucketed" default:"30" min:"1" max:"1000000" help:"Questions without knowledge in one bucket of numbers: province, sex and year of birth."`
	Joint     int `yaml:"joint" default:"8" min:"1" max:"1000000" help:"Questions without knowledge that fit into what other callers are asking for just then."`
	Probing   int `yaml:"probing" default:"5" min:"1" max:"1000000" help:"Further claims tried on one person after five that disagreed."`
	Canaries  int `yaml:"canaries" default:"2" min:"1" max:"100" help:"People on the canary list asked for before a caller is suspended; each one halves, thirds, … all other numbers."`

	Clinic     int `yaml:"clinic_people" default:"20000" min:"1" help:"Most people a clinic may learn of in a window, however well it knows them."`
	Agency     int `yaml:"agency_people" default:"5000000" min:"1" help:"The same for an agency."`
	Laboratory int `yaml:"laboratory_people" default:"10000" min:"1" help:"The same for a laboratory, and for operators."`
	Ordinary   int `yaml:"ordinary_people" default:"1000" min:"1" help:"A number of people in a window that is never unusual; above it, six times what the caller did in an epoch of the last days is."`

	SlowDelay    config.Duration   `yaml:"slow_delay" default:"1s" min:"0s" max:"30s" help:"How long a slowed caller's answers are held back."`
	SlowFor      config.Duration   `yaml:"slow_for" default:"1m" min:"1s" max:"24h" help:"For how long after its last odd question a caller is slowed."`
	SuspendAfter int               `yaml:"suspend_after" default:"300" min:"1" help:"Questions about new people that a refused caller may go on asking before it is suspended."`
	CanaryFile   config.SecretFile `yaml:"canary_file" help:"List of people nobody has reason to ask for: a line each, \"id 001080000000\" (or code, card) or \"subject\" and 32 hexadecimal digits of the keyed hash. Asking for one raises an alert."`
	StateFile    string            `yaml:"state_file" help:"Where suspensions and what callers usually do are kept over a restart; made if it does not exist. Empty: only Redis keeps them."`
	Memory       config.ByteSize   `yaml:"memory" default:"8MiB" min:"64KiB" max:"1GiB" help:"Memory for who asked about whom in a window; eight bytes each."`

	Webhook Webhook         `yaml:"webhook"`
	Sync    config.Duration `yaml:"sync" default:"1s" min:"50ms" max:"1m" help:"How often counts are exchanged with the other nodes through cache.redis."`
}

// Webhook is whom escalations are told.
type Webhook struct {
	URL     string            `yaml:"url" help:"Where escalations are posted as JSON; empty: nowhere."`
	KeyFile config.SecretFile `yaml:"key_file" help:"Secret that the posts are signed with (HMAC-SHA-256); needed with url."`
	Timeout config.Duration   `yaml:"timeout" default:"5s" min:"100ms" max:"1m" help:"How long one attempt may take."`
	Longest config.Duration   `yaml:"longest_pause" default:"1m" min:"10ms" max:"1h" help:"Longest pause between attempts; the first is a hundredth of it, each next one twice as long."`
	GiveUp  config.Duration   `yaml:"give_up" default:"24h" min:"1s" help:"For how long an escalation is tried to be delivered."`
	Queue   int               `yaml:"queue" default:"256" min:"1" max:"65536" help:"Escalations waiting to be delivered; more push out the oldest."`
}

// Validate implements config.Validator.
func (w *Webhook) Validate() error {
	if w.URL == "" {
		return nil
	}
	u, err := url.Parse(w.URL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return errors.New("url: must be an http or https address")
	}
	if !w.KeyFile.Set() {
		return fmt.Errorf("key_file: is needed with url, so that %s can tell our posts from anybody's", u.Host)
	}
	return nil
}

// Probe implements config.Prober.
func (c *Config) Probe() error {
	err := new(canaryWatch).open(c.CanaryFile, verify.NewSubjectHasher(nil)) // whom the list names does not matter here
	faults := []error{config.Fault("canary_file", string(c.CanaryFile), "correct the list (docs/harvesting.md)", err)}
	if c.StateFile != "" {
		_, err := readState(c.StateFile)
		faults = append(faults, config.Fault("state_file", c.StateFile, "restore it; without it, suspensions are forgotten", err),
			config.Worry(config.ProbeFolder("state_file", filepath.Dir(c.StateFile))))
	}
	return errors.Join(faults...)
}

// idle is how long after its last question an account cannot have one under way any more: requests end long before.
const idle = 2 * time.Minute
