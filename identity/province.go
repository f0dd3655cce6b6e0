package identity

// MergerDay is the day on which 63 provinces became 34 (resolution 202/2025/QH15).
var MergerDay = Date{Year: 2025, Month: 7, Day: 1}

// provincesBefore are the provinces by two-digit code until the merger. Their codes stay in every number and card
// issued under them.
var provincesBefore = [100]string{
	1: "Hà Nội", 2: "Hà Giang", 4: "Cao Bằng", 6: "Bắc Kạn", 8: "Tuyên Quang", 10: "Lào Cai", 11: "Điện Biên",
	12: "Lai Châu", 14: "Sơn La", 15: "Yên Bái", 17: "Hòa Bình", 19: "Thái Nguyên", 20: "Lạng Sơn", 22: "Quảng Ninh",
	24: "Bắc Giang", 25: "Phú Thọ", 26: "Vĩnh Phúc", 27: "Bắc Ninh", 30: "Hải Dương", 31: "Hải Phòng", 33: "Hưng Yên",
	34: "Thái Bình", 35: "Hà Nam", 36: "Nam Định", 37: "Ninh Bình", 38: "Thanh Hóa", 40: "Nghệ An", 42: "Hà Tĩnh",
	44: "Quảng Bình", 45: "Quảng Trị", 46: "Thừa Thiên Huế", 48: "Đà Nẵng", 49: "Quảng Nam", 51: "Quảng Ngãi",
	52: "Bình Định", 54: "Phú Yên", 56: "Khánh Hòa", 58: "Ninh Thuận", 60: "Bình Thuận", 62: "Kon Tum", 64: "Gia Lai",
	66: "Đắk Lắk", 67: "Đắk Nông", 68: "Lâm Đồng", 70: "Bình Phước", 72: "Tây Ninh", 74: "Bình Dương", 75: "Đồng Nai",
	77: "Bà Rịa – Vũng Tàu", 79: "TP Hồ Chí Minh", 80: "Long An", 82: "Tiền Giang", 83: "Bến Tre", 84: "Trà Vinh",
	86: "Vĩnh Long", 87: "Đồng Tháp", 89: "An Giang", 91: "Kiên Giang", 92: "Cần Thơ", 93: "Hậu Giang",
	94: "Sóc Trăng", 95: "Bạc Liêu", 96: "Cà Mau",
}

// provincesSince are the provinces by two-digit code since the merger (decision 19/2025/QĐ-TTg). Some codes now mean
// another place than before: 24, 15, 44, 52, 80, 82, 91.
var provincesSince = [100]string{
	1: "Hà Nội", 4: "Cao Bằng", 8: "Tuyên Quang", 11: "Điện Biên", 12: "Lai Châu", 14: "Sơn La", 15: "Lào Cai",
	19: "Thái Nguyên", 20: "Lạng Sơn", 22: "Quảng Ninh", 24: "Bắc Ninh", 25: "Phú Thọ", 31: "Hải Phòng", 33: "Hưng Yên",
	37: "Ninh Bình", 38: "Thanh Hóa", 40: "Nghệ An", 42: "Hà Tĩnh", 44: "Quảng Trị", 46: "Huế", 48: "Đà Nẵng",
	51: "Quảng Ngãi", 52: "Gia Lai", 56: "Khánh Hòa", 66: "Đắk Lắk", 68: "Lâm Đồng", 75: "Đồng Nai",
	79: "TP Hồ Chí Minh", 80: "Tây Ninh", 82: "Đồng Tháp", 86: "Vĩnh Long", 91: "An Giang", 92: "Cần Thơ", 96: "Cà Mau",
}

// ProvinceName returns what a two-digit province code meant on a day, "" if nothing. It is for display: give the day
// the identifier was issued, since the same digits changed their meaning on [MergerDay], and never refuse anybody over
// it, since old codes live on in facility codes, cards and numbers.
func ProvinceName(code int, on Date) string {
	if code < 0 || code >= len(provincesBefore) {
		return ""
	}
	if on.Before(MergerDay) {
		return provincesBefore[code]
	}
	return provincesSince[code]
}

// KnownProvince tells whether a two-digit code is in either list or one of 97–99, which cards of the Ministry of
// National Defence and of other central bodies carry. It is a hint for a log line, not a reason to refuse.
func KnownProvince(code int) bool {
	if code < 1 || code >= len(provincesBefore) {
		return false
	}
	return provincesBefore[code] != "" || provincesSince[code] != "" || code >= 97
}
