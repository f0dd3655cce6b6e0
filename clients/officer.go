package clients

import (
	"bytes"

	"golang.org/x/text/unicode/norm"

	"github.com/verigate/verigate/verify"
)

// Officer tells whether the officer named in a portal look-up is on the caller's list: [verify.Status000],
// [verify.Status054] for a number that is not, [verify.Status055] for another name than the registered one. Names are
// compared by the same rules as those of the insured. Neither slice is kept. It allocates for the opened name.
func (d *Directory) Officer(c *verify.Caller, idNumber, name []byte) verify.PortalStatus {
	entry := d.table.Load().callers[c.ID]
	if entry == nil || len(idNumber) == 0 || len(idNumber) > maxOfficerNumber {
		return verify.Status054
	}
	id := d.secrets.Officer(c.ID, idNumber)
	sealed, ok := entry.officers[id]
	if !ok {
		return verify.Status054
	}
	registered, err := d.secrets.OpenName(c.ID, id, sealed)
	if err != nil || !sameName(name, registered) {
		return verify.Status055
	}
	return verify.Status000
}

// sameName compares after case, spacing and Unicode form.
func sameName(claimed, registered []byte) bool {
	plain := func(b []byte) []byte { return bytes.Join(bytes.Fields(norm.NFC.Bytes(b)), []byte(" ")) }
	return bytes.EqualFold(plain(claimed), plain(registered))
}
