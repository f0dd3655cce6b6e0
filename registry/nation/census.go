package nation

import (
	"cmp"
	"math/bits"
	"slices"
)

// province is one of the 63 provinces in which a birth could be registered before July 2025; its code stays in a number
// for life. People are thousands, rounded, as published about 2023.
type province struct {
	code   string // three digits
	name   string
	people uint64
}

var provinces = [...]province{
	{"001", "Hà Nội", 8500}, {"002", "Hà Giang", 900}, {"004", "Cao Bằng", 545}, {"006", "Bắc Kạn", 325},
	{"008", "Tuyên Quang", 810}, {"010", "Lào Cai", 780}, {"011", "Điện Biên", 635}, {"012", "Lai Châu", 490},
	{"014", "Sơn La", 1310}, {"015", "Yên Bái", 855}, {"017", "Hòa Bình", 880}, {"019", "Thái Nguyên", 1340},
	{"020", "Lạng Sơn", 805}, {"022", "Quảng Ninh", 1380}, {"024", "Bắc Giang", 1920}, {"025", "Phú Thọ", 1530},
	{"026", "Vĩnh Phúc", 1210}, {"027", "Bắc Ninh", 1520}, {"030", "Hải Dương", 1960}, {"031", "Hải Phòng", 2105},
	{"033", "Hưng Yên", 1300}, {"034", "Thái Bình", 1880}, {"035", "Hà Nam", 885}, {"036", "Nam Định", 1890},
	{"037", "Ninh Bình", 1020}, {"038", "Thanh Hóa", 3740}, {"040", "Nghệ An", 3440}, {"042", "Hà Tĩnh", 1325},
	{"044", "Quảng Bình", 920}, {"045", "Quảng Trị", 655}, {"046", "Thừa Thiên Huế", 1170}, {"048", "Đà Nẵng", 1245},
	{"049", "Quảng Nam", 1530}, {"051", "Quảng Ngãi", 1250}, {"052", "Bình Định", 1510}, {"054", "Phú Yên", 880},
	{"056", "Khánh Hòa", 1260}, {"058", "Ninh Thuận", 605}, {"060", "Bình Thuận", 1260}, {"062", "Kon Tum", 590},
	{"064", "Gia Lai", 1615}, {"066", "Đắk Lắk", 1930}, {"067", "Đắk Nông", 680}, {"068", "Lâm Đồng", 1345},
	{"070", "Bình Phước", 1050}, {"072", "Tây Ninh", 1195}, {"074", "Bình Dương", 2820}, {"075", "Đồng Nai", 3310},
	{"077", "Bà Rịa – Vũng Tàu", 1190}, {"079", "TP Hồ Chí Minh", 9460}, {"080", "Long An", 1745},
	{"082", "Tiền Giang", 1790}, {"083", "Bến Tre", 1300}, {"084", "Trà Vinh", 1020}, {"086", "Vĩnh Long", 1030},
	{"087", "Đồng Tháp", 1600}, {"089", "An Giang", 1905}, {"091", "Kiên Giang", 1755}, {"092", "Cần Thơ", 1260},
	{"093", "Hậu Giang", 730}, {"094", "Sóc Trăng", 1200}, {"095", "Bạc Liêu", 925}, {"096", "Cà Mau", 1210},
}

// provinceOf maps the number of a province's code to its place in provinces, or to -1.
var provinceOf = func() (of [1000]int8) {
	for i := range of {
		of[i] = -1
	}
	for i, p := range provinces {
		of[digits(p.code)] = int8(i)
	}
	return of
}()

// HasProvince tells whether births are registered under this three-digit code.
func HasProvince(code string) bool {
	return len(code) == 3 && digits(code) < uint64(len(provinceOf)) && provinceOf[digits(code)] >= 0
}

// ageGroup holds the weight of one year of birth and the men in a thousand, for five ages together. The shape is that
// of the census of 2019 grown older: two bulges (the thirties and the schoolchildren), few over ninety.
type ageGroup struct{ weight, men uint64 }

var ageGroups = [...]ageGroup{
	{1480, 527}, {1600, 528}, {1540, 526}, {1400, 520}, {1320, 512}, {1500, 506}, {1690, 503}, {1650, 502},
	{1490, 501}, {1350, 498}, {1230, 492}, {1100, 485}, {930, 475}, {700, 460}, {430, 440}, {250, 415}, {160, 390},
	{95, 350}, {40, 310}, {12, 270}, {3, 230},
}

// ages is the number of birth years that have people: ages 0 to 104, counted in calendar years.
const ages = 5 * len(ageGroups)

// buckets is the number of groups that share the first six digits of an ID number: province, sex and year of birth.
const buckets = len(provinces) * ages * 2

// census returns how many of the people fall into each bucket, in the order of [bucketOf]. Whole numbers throughout, so
// that every machine counts the same.
func census(people int) []uint64 {
	weights := make([]uint64, 0, buckets)
	for _, p := range provinces {
		for age := range ages {
			g := ageGroups[age/5]
			w := 2 * p.people * g.weight
			if age == 0 {
				w /= 2 // the running year has had half its births, whatever the day: people must not move when the day does
			}
			weights = append(weights, w*g.men, w*(1000-g.men))
		}
	}
	return apportion(uint64(people), weights)
}

// apportion shares total out in proportion to the weights by largest remainder, the earlier one winning a tie.
func apportion(total uint64, weights []uint64) []uint64 {
	var sum uint64
	for _, w := range weights {
		sum += w
	}
	shares, left := make([]uint64, len(weights)), total
	rest, order := make([]uint64, len(weights)), make([]int, len(weights))
	for i, w := range weights {
		hi, lo := bits.Mul64(total, w)
		shares[i], rest[i] = bits.Div64(hi, lo, sum)
		left -= shares[i]
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rest[b], rest[a]) })
	for _, i := range order[:left] {
		shares[i]++
	}
	return shares
}

// digits reads decimal digits; anything else gives a number too large for every use here.
func digits(s string) uint64 {
	var v uint64
	for i := range len(s) {
		d := s[i] - '0'
		if d > 9 {
			return 1 << 63
		}
		v = v*10 + uint64(d)
	}
	return v
}
