package registry

import "github.com/verigate/verigate/registry/nation"

type claim struct {
	ID   string `json:"id,omitempty"`
	Code string `json:"code,omitempty"`
	Card string `json:"card,omitempty"`
	Name string `json:"name,omitempty"`
	DOB  string `json:"dob,omitempty"`
	Sex  string `json:"sex,omitempty"`
}

func claimOf(p *nation.Person) claim {
	c := claim{ID: p.ID, Code: p.Code, Name: p.Declared.Name, DOB: p.Declared.DOB.String(), Sex: p.Declared.Sex.String()}
	if n := len(p.Cards); n > 0 {
		c.Card = p.Cards[n-1].Number
	}
	return c
}
