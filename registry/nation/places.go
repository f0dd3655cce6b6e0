package nation

import (
	"strconv"
	"strings"
)

// Names of made-up communes; none is meant to be a real one, though short names like these recur all over the country.
var communes = [...]string{"An Bình", "An Phú", "Bình Minh", "Bình An", "Đại Đồng", "Đông Hòa", "Đồng Tâm", "Hòa Bình", "Hòa Phú",
	"Hưng Thịnh", "Long Thạnh", "Mỹ Hòa", "Mỹ Lộc", "Nam Sơn", "Nghĩa Thành", "Phú Mỹ", "Phú Lâm", "Phước Hải", "Quang Trung",
	"Sơn Tây", "Tân An", "Tân Hưng", "Tân Lập", "Tân Thành", "Thạnh Phú", "Thanh Bình", "Thịnh Vượng", "Trung Nghĩa",
	"Vĩnh Hòa", "Vĩnh Phú", "Xuân Hòa", "Yên Bình", "Yên Sơn"}

// fillPlace draws where the person lives, which goes with the province their newest card was issued in.
func (n *Nation) fillPlace(p *Person, newest group, birthplace int) {
	province := int(provinceOf[newest.part])
	if province < 0 {
		province = birthplace // soldiers' cards name no province
	}
	z := n.stream(p.Index, ofPlace)
	name := provinces[province].name
	kind := "Xã "
	if z.chance(3800) {
		kind = "Phường "
	}
	p.Address = "Tổ " + strconv.Itoa(1+z.below(24)) + ", " + kind + communes[z.below(len(communes))] + ", " + titled(name)
	p.Office = "Bảo hiểm xã hội " + titled(name)
}

// titled puts the rank before a province's name.
func titled(province string) string {
	switch province {
	case "Hà Nội", "Hải Phòng", "Đà Nẵng", "Cần Thơ":
		return "Thành phố " + province
	}
	if city, ok := strings.CutPrefix(province, "TP "); ok {
		return "Thành phố " + city
	}
	return "Tỉnh " + province
}

// facilityIn draws a facility code in the province of a card, or in the given one when the card names none. One in a
// hundred has a letter in it, two in a thousand are the placeholder "province, no facility".
func facilityIn(card, province string, draw uint64) string {
	b := [5]byte{card[3], card[4]}
	if card[3] == '9' && card[4] == '7' {
		b[0], b[1] = province[1], province[2]
	}
	number, kind := int(draw>>40%300), draw%1000
	switch {
	case kind < 2:
		number = 0
	case number == 0:
		number = 1
	}
	b[2], b[3], b[4] = byte('0'+number/100), byte('0'+number/10%10), byte('0'+number%10)
	if kind >= 990 {
		b[2] = byte('A' + number%26)
	}
	return string(b[:])
}

// FacilityName makes up the name that goes with a well-formed facility code; the same code always has the same name, and
// the placeholder "province, no facility" has none.
func FacilityName(code string) string {
	tail := code[2:]
	if tail == "000" {
		return ""
	}
	h := mix(uint64(code[0])<<32 | uint64(code[1])<<24 | uint64(tail[0])<<16 | uint64(tail[1])<<8 | uint64(tail[2]))
	commune := communes[h%uint64(len(communes))]
	switch {
	case tail < "015":
		return "Bệnh viện đa khoa " + commune
	case tail < "060":
		return "Trung tâm y tế khu vực " + commune
	case tail[0] >= 'A':
		return "Phòng khám đa khoa " + commune
	}
	return "Trạm y tế " + commune
}
