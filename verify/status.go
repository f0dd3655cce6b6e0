package verify

// PortalStatus is a row of the one table from which portal_code, message, ghiChu and batch rows are made.
type PortalStatus uint8

// The rows. Their codes are those of the national portal.
const (
	Status000 PortalStatus = iota
	Status001
	Status002
	StatusOther // out of register, kept by neither ministry: told with code 002's caution but its own words
	Status003
	Status004
	Status010
	Status050
	Status051
	Status052
	Status053
	Status054
	Status055
	Status060
	Status061
	Status070
	Status080
	Status090
	Status100
	Status101
	Status110
	Status120
	Status121
	Status122
	Status123
	Status124
	Status130
	Status205
	Status401
	Status500
)

// statusText is one row: the code on the wire, the Vietnamese sentence (which is also ghiChu) and the English one.
type statusText struct{ code, vi, en string }

// The wording follows the portal's result list (guide of 2024). Clients read it: "Thẻ còn giá trị sử dụng" means valid
// and must come only with a card in force; field names appear only with 060–090; "Token" only with 401.
var statusTexts = [...]statusText{
	Status000:   {"000", "Thẻ còn giá trị sử dụng!", "The card is in force."},
	Status001:   {"001", "Thẻ BHYT do BHXH Bộ Quốc phòng quản lý, đề nghị kiểm tra thẻ BHYT và thông tin giấy tờ tùy thân!", "The card is kept by the Ministry of National Defence; check the card and the identity papers."},
	Status002:   {"002", "Thẻ BHYT do BHXH Bộ Công an quản lý, đề nghị kiểm tra thẻ BHYT và thông tin giấy tờ tùy thân!", "The card is kept by the Ministry of Public Security; check the card and the identity papers."},
	StatusOther: {"002", "Thẻ BHYT do cơ quan khác quản lý, đề nghị kiểm tra thẻ BHYT và thông tin giấy tờ tùy thân!", "The card is kept in another register; check the card and the identity papers."},
	Status003:   {"003", "Thẻ cũ hết giá trị sử dụng, được cấp thẻ mới!", "The old card is no longer valid; a new one was issued."},
	Status004:   {"004", "Thẻ còn giá trị sử dụng, đã được cấp thẻ mới!", "The card is in force; a newer one was issued."},
	Status010:   {"010", "Thẻ hết giá trị sử dụng!", "The card is not in force."},
	Status050:   {"050", "Thẻ không tồn tại!", "There is no such card or number."},
	Status051:   {"051", "Mã thẻ BHYT không đúng!", "The card number or identifier is malformed."},
	Status052:   {"052", "Mã tỉnh cấp thẻ BHYT (ký tự thứ 4, 5) không đúng!", "The province part of the card number (characters 4 and 5) is wrong."},
	Status053:   {"053", "Mã quyền lợi BHYT (ký tự thứ 3) không đúng!", "The benefit digit of the card number (character 3) is wrong."},
	Status054:   {"054", "Số CCCD của cán bộ thực hiện tra cứu không có trong danh sách do cơ sở KCB đăng ký!", "The officer's ID number is not on the list registered by the facility."},
	Status055:   {"055", "Họ và tên của cán bộ thực hiện tra cứu không khớp với số CCCD!", "The officer's name does not match that ID number."},
	Status060:   {"060", "Thẻ sai họ tên!", "The name does not agree."},
	Status061:   {"061", "Thẻ sai họ tên (đúng ký tự đầu)!", "The name does not agree (the initials do)."},
	Status070:   {"070", "Thẻ sai ngày sinh!", "The date of birth does not agree."},
	Status080:   {"080", "Thẻ sai giới tính!", "The sex does not agree."},
	Status090:   {"090", "Thẻ sai nơi đăng ký KCB ban đầu!", "The facility of first registration does not agree."},
	Status100:   {"100", "Lỗi khi lấy dữ liệu sổ thẻ, đề nghị thử lại sau!", "The register could not be read; try again later."},
	Status101:   {"101", "Hệ thống đang bận, đề nghị thử lại sau!", "The system is busy; try again later."},
	Status110:   {"110", "Thẻ đã thu hồi!", "The card was recalled."},
	Status120:   {"120", "Thẻ đã báo giảm!", "The card was reported as discontinued."},
	Status121:   {"121", "Thẻ đã báo giảm, chuyển ngoại tỉnh!", "The card was discontinued: moved to another province."},
	Status122:   {"122", "Thẻ đã báo giảm, chuyển nội tỉnh!", "The card was discontinued: moved within the province."},
	Status123:   {"123", "Thẻ đã báo giảm do tăng lại cùng đơn vị!", "The card was discontinued: re-enrolled with the same unit."},
	Status124:   {"124", "Thẻ đã báo giảm, ngừng tham gia!", "The card was discontinued: left the scheme."},
	Status130:   {"130", "Trẻ em không xuất trình thẻ BHYT!", "A child under six without a card."},
	Status205:   {"205", "Lỗi sai định dạng tham số!", "A parameter is malformed."},
	Status401:   {"401", "Token không đúng.", "The token is not valid."},
	Status500:   {"500", "Lỗi máy chủ, đề nghị thử lại sau!", "The server failed; try again later."},
}

// Code returns the portal's three-character code.
func (s PortalStatus) Code() string { return statusTexts[s].code }

// PortalStatusOf returns the row with the given code; the first one where two share it.
func PortalStatusOf(code string) (PortalStatus, bool) {
	for s := range statusTexts {
		if statusTexts[s].code == code {
			return PortalStatus(s), true
		}
	}
	return 0, false
}

// Vietnamese returns the sentence for people and for ghiChu.
func (s PortalStatus) Vietnamese() string { return statusTexts[s].vi }

// English returns the sentence in English.
func (s PortalStatus) English() string { return statusTexts[s].en }
