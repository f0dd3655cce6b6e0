package apptest_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	metricName  = regexp.MustCompile(`verigate_[a-z_]+`)
	labelChoice = regexp.MustCompile(`(verigate_[a-z_]+)\{[^}]*?(\w+)=~?"([^"]+)"`)
)

// httpsMetrics are published by gateways that listen for HTTPS.
const httpsMetrics = "verigate_tls_"

// TestAlertRulesNameWhatIsPublished: a rule over a metric or a label value that does not exist never fires.
func TestAlertRulesNameWhatIsPublished(t *testing.T) {
	rules, err := os.ReadFile("../deploy/prometheus/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	redis := startRedis(t)
	g := startDemo(t, "--redis", "redis://"+redis.Addr)
	published := g.scrape(t)
	if published.sum("verigate_budget_enabled") != 0 {
		t.Error("an unlimited demo holds its callers to harvest budgets")
	}
	names := metricName.FindAllString(string(rules), -1)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if strings.HasPrefix(name, httpsMetrics) { // the demo has none: TestCertificateChangesUnderLoad looks
			continue
		}
		if !published.has(name) && !published.has(name+"_count") { // a histogram
			t.Errorf("%s is not published", name)
		}
	}
	for _, m := range labelChoice.FindAllStringSubmatch(string(rules), -1) {
		for value := range strings.SplitSeq(m[3], "|") {
			if label := m[2] + `="` + strings.TrimSuffix(value, ".*"); !published.has(m[1], label) {
				t.Errorf("%s has no label %s", m[1], label)
			}
		}
	}
}
