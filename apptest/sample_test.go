package apptest_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// people is the size of the nation in tests: big enough for every kind of life, small enough for a race build.
const people = "100000"

// sample is a line of "verigate registry sample": a claim and what it must get.
type sample struct {
	Kind, ID, Code, Card, QR, Name, DOB, Sex, Facility, On string
	Outcome                                                string
	PortalCode                                             string `json:"portal_code"`
}

// samples draws n claims of a mix; another draw, other claims.
func samples(t *testing.T, mix string, n, draw int) []sample {
	t.Helper()
	return samplesOf(t, people, mix, n, draw)
}

// samplesOf is samples of a nation of another size.
func samplesOf(t *testing.T, people, mix string, n, draw int) []sample {
	t.Helper()
	cmd := exec.Command(program, "registry", "sample", "--people", people, "--seed", "1", "--today", today, "--mix", mix,
		"--count", strconv.Itoa(n), "--draw", strconv.Itoa(draw))
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("drawing samples: %v: %s", err, complaints.String())
	}
	var list []sample
	for line := range bytes.Lines(out) {
		var s sample
		if err := json.Unmarshal(line, &s); err != nil {
			t.Fatalf("drawing samples: %q: %v", line, err)
		}
		list = append(list, s)
	}
	if len(list) != n {
		t.Fatalf("drawing samples: got %d, want %d", len(list), n)
	}
	return list
}

// native is the body of a native lookup of the first identifier.
func (s sample) native() []byte {
	q := map[string]string{}
	for _, f := range [][2]string{{"id", s.ID}, {"code", s.Code}, {"card", s.Card}, {"qr", s.QR}} {
		if f[1] != "" {
			q[f[0]] = f[1]
			break
		}
	}
	for _, f := range [][2]string{{"name", s.Name}, {"dob", s.DOB}, {"sex", s.Sex}, {"facility", s.Facility}, {"on", s.On}} {
		if f[1] != "" {
			q[f[0]] = f[1]
		}
	}
	body, _ := json.Marshal(q) // strings always marshal
	return body
}

// forPortal tells whether the portal's contract can carry the question: it has no scanned codes.
func (s sample) forPortal() bool { return s.PortalCode != "" && s.ID+s.Code+s.Card != "" }

var isDate = regexp.MustCompile(`^\d{4}(-\d{2}){0,2}$`)

// portal is the body of a portal lookup of the first identifier.
func (s sample) portal() []byte {
	card := s.ID
	if card == "" {
		card = s.Code
	}
	if card == "" {
		card = s.Card
	}
	dob := s.DOB
	if isDate.MatchString(dob) { // 1980-02-01 is written 01/02/1980 there
		parts := strings.Split(dob, "-")
		slices.Reverse(parts)
		dob = strings.Join(parts, "/")
	}
	body, _ := json.Marshal(map[string]string{"maThe": card, "hoTen": s.Name, "ngaySinh": dob}) // strings always marshal
	return body
}
