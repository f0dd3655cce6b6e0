package clients

import "github.com/verigate/verigate/verify"

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
	if err != nil {
		return verify.Status055
	}
	agreement, _ := verify.MatchName(&c.Policy, registered, name)
	if agreement == verify.FieldNotGiven || !verify.DefaultAccept.Accepts(agreement) {
		return verify.Status055
	}
	return verify.Status000
}
