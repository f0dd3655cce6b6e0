package clients

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// Validate holds an entry to everything that can be checked without the other entries. The error names the key and the
// value that is wrong; none of these values is a secret.
func (e *Entry) Validate() error {
	if !validName(e.ID, maxID, false) {
		return fmt.Errorf("id %q: must be 1 to %d of a–z, 0–9, dot, underscore and hyphen, and begin with a letter or digit", cut(e.ID), maxID)
	}
	if kindOf(e.Kind) == verify.CallerNone {
		return fmt.Errorf("kind %q: must be one of %s", cut(e.Kind), strings.Join(verify.CallerKindNames[1:], ", "))
	}
	if _, err := parseFacility(e.Facility); err != nil {
		return err
	}
	if !slices.Contains([]string{StatusActive, StatusSuspended, StatusRevoked}, e.Status) {
		return fmt.Errorf("status %q: must be active, suspended or revoked", cut(e.Status))
	}
	if err := errors.Join(validText("name", e.Name), validText("contact", e.Contact)); err != nil {
		return err
	}
	return errors.Join(e.validateRights(), e.Limits.validate(), e.validateCredentials(), e.validatePublicKeys(), e.MutualTLS.validate())
}

func (e *Entry) validateRights() error {
	if _, err := setOf("scopes", e.Scopes, verify.ScopeNames[:]); err != nil {
		return err
	}
	if _, err := setOf("purposes", e.Purposes, verify.PurposeNames[1:]); err != nil {
		return err
	}
	if len(e.Purposes) == 0 {
		return errors.New("purposes: need at least one; the first is the default")
	}
	_, err := setOf("policy.accept", e.Policy.Accept, verify.FieldResultNames[:])
	return err
}

// maxLimit is far above any real limit and keeps the arithmetic of limits inside 64 bits.
const maxLimit = 1_000_000_000

func (l Limits) validate() error {
	for _, f := range []struct {
		name  string
		value int64
	}{{"rate", l.Rate}, {"burst", l.Burst}, {"concurrency", l.Concurrency}, {"daily", l.Daily}, {"people", l.People}, {"unproven", l.Unproven}} {
		if f.value < 0 || f.value > maxLimit {
			return fmt.Errorf("limits.%s %d: must be between 1 and %d, or 0 for the default", f.name, f.value, int64(maxLimit))
		}
	}
	return nil
}

func (e *Entry) validateCredentials() error {
	for _, k := range e.Keys {
		if len(k.ID) != keyIDLen || !validName(k.ID, keyIDLen, false) {
			return fmt.Errorf("keys: id %q: must be %d characters", cut(k.ID), keyIDLen)
		}
		if b, err := hex.DecodeString(k.SHA256); err != nil || len(b) != len(KeyDigest{}) {
			return fmt.Errorf("keys: sha256 of %s: must be 64 hexadecimal digits", k.ID)
		}
		if k.Created.IsZero() {
			return fmt.Errorf("keys: created of %s: must be set", k.ID)
		}
	}
	for _, a := range e.Accounts {
		if err := a.validate(); err != nil {
			return err
		}
	}
	for i, o := range e.Officers {
		if b, err := hex.DecodeString(o.ID); err != nil || len(b) != len(OfficerID{}) {
			return fmt.Errorf("officers[%d]: id: must be 32 hexadecimal digits", i)
		}
		if _, err := base64.StdEncoding.DecodeString(o.Name); err != nil || o.Name == "" {
			return fmt.Errorf("officers[%d]: name: is not a sealed name", i)
		}
	}
	return nil
}

func (a *Account) validate() error {
	if !validName(a.Username, maxUsername, true) {
		return fmt.Errorf("accounts: username %q: must be 1 to %d letters, digits, dots, underscores or hyphens", cut(a.Username), maxUsername)
	}
	if b, err := hex.DecodeString(a.Password); err != nil || len(b) != 32 {
		return fmt.Errorf("accounts: password of %s: must be 64 hexadecimal digits", a.Username)
	}
	for _, n := range a.Networks {
		if _, err := netip.ParsePrefix(n); err != nil {
			return fmt.Errorf("accounts: network %q of %s: must be an address range such as 192.0.2.0/24", cut(n), a.Username)
		}
	}
	return nil
}

// uniqueness finds what may occur only once in a directory.
type uniqueness struct {
	ids, accounts, keys, digests map[string]string // what → the entry that has it
	public                       map[string]string // digest of a public key or of a certificate's → the same
}

func newUniqueness() *uniqueness {
	return &uniqueness{map[string]string{}, map[string]string{}, map[string]string{}, map[string]string{}, map[string]string{}}
}

func (u *uniqueness) add(e *Entry) error {
	if u.ids[e.ID] != "" {
		return fmt.Errorf("id %q: given to two entries", e.ID)
	}
	u.ids[e.ID] = e.ID
	for _, a := range e.Accounts {
		name := strings.ToUpper(a.Username)
		if by := u.accounts[name]; by != "" {
			return fmt.Errorf("accounts: username %q: belongs to %s already (letter case aside)", a.Username, by)
		}
		u.accounts[name] = e.ID
	}
	for _, k := range e.Keys {
		if by := u.keys[k.ID]; by != "" {
			return fmt.Errorf("keys: id %s: belongs to %s already", k.ID, by)
		}
		digest := strings.ToLower(k.SHA256)
		if by := u.digests[digest]; by != "" {
			return fmt.Errorf("keys: sha256 of %s: belongs to %s already", k.ID, by)
		}
		u.keys[k.ID], u.digests[digest] = e.ID, e.ID
	}
	return u.addPublic(e)
}

// setOf turns words into a bit set by their place in names.
func setOf(field string, words, names []string) (set uint32, err error) {
	for _, w := range words {
		i := slices.Index(names, w)
		if i < 0 {
			return 0, fmt.Errorf("%s %q: must be of %s", field, cut(w), strings.Join(names, ", "))
		}
		if set&(1<<i) != 0 {
			return 0, fmt.Errorf("%s %q: given twice", field, w)
		}
		set |= 1 << i
	}
	return set, nil
}

// parseFacility reads a facility code as it is written; empty means the caller is no facility.
func parseFacility(s string) (identity.Facility, error) {
	if s == "" {
		return identity.Facility{}, nil
	}
	f, fault := identity.ParseFacility([]byte(s))
	if fault != identity.FaultNone || f.String() != s {
		return f, fmt.Errorf("facility %q: must be two digits and three digits or capital letters", cut(s))
	}
	return f, nil
}

func validName(s string, limit int, capitals bool) bool {
	for i := range len(s) {
		c := s[i]
		letter := isDigit(c) || 'a' <= c && c <= 'z' || capitals && 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c != '.' && c != '_' && c != '-') {
			return false
		}
	}
	return s != "" && len(s) <= limit
}

func validText(field, s string) error {
	bad := func(r rune) bool { return !unicode.IsPrint(r) }
	if len(s) > maxText || !utf8.ValidString(s) || strings.ContainsFunc(s, bad) {
		return fmt.Errorf("%s: must be at most %d bytes of printable text", field, maxText)
	}
	return nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// cut shortens a value for an error text.
func cut(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}
