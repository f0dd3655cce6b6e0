package nation

import "github.com/verigate/verigate/identity"

// bornSerials is how many people born in the lab can get an ID number: positions that nobody else is dealt from.
const bornSerials = serials - firstBornSerial

// Born fills p with the seq-th person (from 0) born in the lab, on a full date in one of the provinces of [HasProvince]
// (another is taken as the first, Hà Nội). The person has numbers that nobody else has or gets, a child's card from that
// day on, and declares what the register says. From the 700,000th on they have no ID number.
func (n *Nation) Born(seq int, province string, on identity.Date, p *Person) {
	s := seat{i: n.people + seq, year: int(on.Year), sex: identity.Male, before: firstBornTail + seq, in: firstBornSerial + seq}
	if HasProvince(province) {
		s.province = int(provinceOf[digits(province)])
	}
	if n.hash(s.i, ofSex)&1 == 1 {
		s.sex = identity.Female
	}
	t := traits{life: Current, newest: group{objectTE, twoDigits(s.province)}}
	*p = Person{Index: s.i, Code: codeText(n.codeOf(s)), DOB: on, Sex: s.sex, Province: provinces[s.province].code,
		Cards: p.Cards[:0], Former: p.Former[:0]}
	if seq < bornSerials {
		p.ID = idText(n.idOf(s))
	}
	p.Name = n.nameOf(s.i, s.sex, s.year)
	n.fillPlace(p, t.newest, s.province)
	n.fillCards(p, s, t, dayOf(on))
	p.Declared = Declared{Name: p.Name, DOB: p.DOB, Sex: p.Sex}
}

// FindBorn returns the only lab-born person whose identifier k could be. Whether that many were born, and where and
// when, only the caller knows: compare with what [Nation.Born] gives.
func (n *Nation) FindBorn(k identity.Key) (seq int, ok bool) {
	packed, ok := identity.PackKey(k)
	if !ok {
		return 0, false
	}
	if k.Kind() == identity.KindID {
		pre := packed / serials
		if provinceOf[pre/1000] < 0 {
			return 0, false
		}
		seq = int(n.serialsOf(pre).from(packed%serials)) - firstBornSerial
		return seq, seq >= 0
	}
	province, at := n.unfoldCode(packed % codes)
	seq = at - firstBornTail
	return seq, province >= 0 && seq >= 0
}
