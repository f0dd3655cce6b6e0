package v1

import (
	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/verify"
)

// Side says whose move it is after a problem.
type Side string

// The sides.
const (
	SideCaller   Side = "caller"   // change the request
	SideGateway  Side = "gateway"  // nothing to change; the gateway is busy or at fault
	SideRegistry Side = "registry" // nothing to change; the register cannot be reached
)

// Meaning is a row of the one table from refusals to what callers see. Title says what is wrong, Fix what to do;
// index with a [Language].
type Meaning struct {
	Code      string
	Status    int
	Side      Side
	Retryable bool // the same request may succeed later
	Title     [2]string
	Fix       [2]string
}

// Meanings returns the whole table, refusals first, for the documentation and its tests. Rows that share a code
// (rate_limited, harvest_suspected) come one after the other.
func Meanings() []Meaning {
	var all []Meaning
	for r := verify.RefusalKeyMissing; r < verify.Refusals; r++ {
		all = append(all, *Problem{Refusal: r}.Meaning())
	}
	for f := identity.FaultMalformed; int(f) < len(faults); f++ {
		all = append(all, *Problem{Fault: f}.Meaning())
	}
	return all
}

var refusals = coded([verify.Refusals]Meaning{
	verify.RefusalKeyMissing: {Status: 401, Side: SideCaller,
		Title: [2]string{"Thiếu khóa truy cập", "The access key is missing"},
		Fix:   [2]string{"Gửi tiêu đề Authorization: Bearer <khóa>.", "Send the header Authorization: Bearer <key>."}},
	verify.RefusalKeyMalformed: {Status: 401, Side: SideCaller,
		Title: [2]string{"Khóa truy cập bị hỏng", "The access key is damaged"},
		Fix:   [2]string{"Chép lại toàn bộ khóa (hoặc token) đã được cấp, không thêm bớt ký tự.", "Copy the whole key (or token) again as it was issued, nothing added or cut off."}},
	verify.RefusalKeyUnknown: {Status: 401, Side: SideCaller,
		Title: [2]string{"Khóa truy cập không đúng", "The access key is not known"},
		Fix:   [2]string{"Kiểm tra khóa đã được cấp; nếu vẫn lỗi, đề nghị quản trị viên cấp lại.", "Check the key you were given; if it still fails, ask the administrator for a new one."}},
	verify.RefusalKeyExpired: {Status: 401, Side: SideCaller,
		Title: [2]string{"Khóa truy cập đã hết hạn", "The access key has expired"},
		Fix:   [2]string{"Đề nghị quản trị viên cấp khóa mới.", "Ask the administrator for a new key."}},
	verify.RefusalKeyRevoked: {Status: 401, Side: SideCaller,
		Title: [2]string{"Khóa truy cập đã bị thu hồi", "The access key was revoked"},
		Fix:   [2]string{"Đề nghị quản trị viên cấp khóa mới.", "Ask the administrator for a new key."}},
	verify.RefusalTokenExpired: {Status: 401, Side: SideCaller,
		Title: [2]string{"Token đã hết hạn", "The access token has expired"},
		Fix:   [2]string{"Lấy token mới tại /oauth/token rồi gửi lại.", "Take a new token at /oauth/token and send the request again."}},
	verify.RefusalTokenRevoked: {Status: 401, Side: SideCaller,
		Title: [2]string{"Token không còn hiệu lực", "The access token is no longer good"},
		Fix:   [2]string{"Khóa dùng để lấy token đã thay đổi. Lấy token mới bằng khóa hiện hành.", "The key it was taken with has ended. Take a new token with the present key."}},
	verify.RefusalReplayed: {Status: 401, Side: SideCaller,
		Title: [2]string{"Yêu cầu lấy token đã được dùng", "The signed request for a token was used before"},
		Fix:   [2]string{"Ký một yêu cầu mới với jti chưa dùng.", "Sign a new one with a jti that was never used."}},
	verify.RefusalCertificateRevoked: {Status: 401, Side: SideCaller,
		Title: [2]string{"Chứng thư số đã bị thu hồi hoặc hết hạn", "The client certificate was revoked or has expired"},
		Fix:   [2]string{"Kết nối lại bằng chứng thư số còn hiệu lực.", "Connect again with a certificate that is in force."}},
	verify.RefusalCertificate: {Status: 401, Side: SideCaller,
		Title: [2]string{"Chứng thư số không khớp với khóa truy cập", "The client certificate does not belong to this key"},
		Fix:   [2]string{"Kết nối bằng chứng thư số đã đăng ký cho khóa này.", "Connect with the certificate that was registered for this key."}},
	verify.RefusalScope: {Status: 403, Side: SideCaller,
		Title: [2]string{"Khóa không được phép gọi chức năng này", "The key may not make this call"},
		Fix:   [2]string{"Dùng đúng chức năng được cấp, hoặc đề nghị quản trị viên cấp thêm quyền.", "Use a call the key was issued for, or ask the administrator for the scope."}},
	verify.RefusalPurpose: {Status: 403, Side: SideCaller,
		Title: [2]string{"Mục đích tra cứu không được phép", "The purpose is not allowed for this caller"},
		Fix:   [2]string{"Gửi một mục đích (purpose) đã được cấp; xem GET /v1/usage.", "Send a purpose that was granted; GET /v1/usage lists them."}},
	verify.RefusalSuspended: {Status: 403, Side: SideCaller,
		Title: [2]string{"Tài khoản đang bị tạm ngừng", "The caller is suspended"},
		Fix:   [2]string{"Liên hệ đầu mối hỗ trợ để được mở lại.", "Contact the support desk to be reinstated."}},
	verify.RefusalHarvest: {Status: 403, Side: SideCaller,
		Title: [2]string{"Tạm dừng vì tra cứu bất thường", "Stopped because the questions look like harvesting"},
		Fix:   [2]string{"Ngừng tra cứu tự động và liên hệ đầu mối hỗ trợ.", "Stop automated questions and contact the support desk."}},
	verify.RefusalHarvestSlow: {Status: 429, Side: SideCaller, Retryable: true,
		Title: [2]string{"Tra cứu bất thường, đề nghị chậm lại", "The questions look like harvesting; slow down"},
		Fix:   [2]string{"Chờ hết thời gian trong Retry-After rồi thử lại.", "Wait as long as Retry-After says, then try again."}},
	verify.RefusalStaffMissing: {Status: 403, Side: SideCaller,
		Title: [2]string{"Thiếu thông tin cán bộ tra cứu", "The staff member is not named"},
		Fix:   [2]string{"Gửi thêm staff: {\"id\", \"name\"} của người tra cứu.", "Send staff: {\"id\", \"name\"} of the person who asks."}},
	verify.RefusalRate: {Status: 429, Side: SideCaller, Retryable: true,
		Title: [2]string{"Quá nhiều yêu cầu", "Too many requests"},
		Fix:   [2]string{"Chờ hết thời gian trong Retry-After rồi thử lại.", "Wait as long as Retry-After says, then try again."}},
	verify.RefusalConcurrency: {Status: 429, Side: SideCaller, Retryable: true,
		Title: [2]string{"Quá nhiều yêu cầu cùng lúc", "Too many requests at the same time"},
		Fix:   [2]string{"Chờ yêu cầu trước xong rồi gửi tiếp.", "Wait for earlier requests to finish before sending more."}},
	verify.RefusalQuota: {Status: 429, Side: SideCaller, Retryable: true,
		Title: [2]string{"Đã hết hạn mức", "The quota is used up"},
		Fix:   [2]string{"Chờ đến kỳ sau (Retry-After) hoặc đề nghị tăng hạn mức.", "Wait for the next period (Retry-After) or ask for a larger quota."}},
	verify.RefusalOverloaded: {Status: 503, Side: SideGateway, Retryable: true,
		Title: [2]string{"Hệ thống đang bận", "The gateway is busy"},
		Fix:   [2]string{"Chờ hết thời gian trong Retry-After rồi thử lại.", "Wait as long as Retry-After says, then try again."}},
	verify.RefusalUnavailable: {Status: 503, Side: SideRegistry, Retryable: true,
		Title: [2]string{"Tạm thời chưa tra cứu được", "This cannot be known right now"},
		Fix:   [2]string{"Tiếp nhận người bệnh như thường lệ và tra cứu lại sau (Retry-After).", "Receive the patient as usual and ask again later (Retry-After)."}},
	verify.RefusalIdentifierMissing: {Status: 400, Side: SideCaller,
		Title: [2]string{"Thiếu mã số cần tra cứu", "No identifier was given"},
		Fix:   [2]string{"Gửi đúng một trong các trường id, code, card, qr.", "Send exactly one of id, code, card, qr."}},
	verify.RefusalIdentifierMany: {Status: 400, Side: SideCaller,
		Title: [2]string{"Có nhiều hơn một mã số", "More than one identifier was given"},
		Fix:   [2]string{"Gửi đúng một trong các trường id, code, card, qr.", "Send exactly one of id, code, card, qr."}},
	verify.RefusalClaimsMissing: {Status: 400, Side: SideCaller,
		Title: [2]string{"Không có thông tin nào để đối chiếu", "There is nothing to verify"},
		Fix:   [2]string{"Gửi ít nhất một trong các trường name, dob, sex, facility.", "Send at least one of name, dob, sex, facility."}},
	verify.RefusalBody: {Status: 400, Side: SideCaller,
		Title: [2]string{"Nội dung yêu cầu sai định dạng", "The body is malformed"},
		Fix:   [2]string{"Gửi một đối tượng JSON UTF-8, mỗi trường một lần, giá trị là chuỗi; field cho biết chỗ sai.", "Send one JSON object in UTF-8, each member once, values as strings; field says where it is wrong."}},
	verify.RefusalField: {Status: 400, Side: SideCaller,
		Title: [2]string{"Có trường không được hỗ trợ", "A member is not known"},
		Fix:   [2]string{"Bỏ trường đó, hoặc sửa lại tên theo tài liệu API.", "Leave the member out, or correct its name; see the API description."}},
	verify.RefusalBodyTooLarge: {Status: 413, Side: SideCaller,
		Title: [2]string{"Nội dung yêu cầu quá lớn", "The body is too large"},
		Fix:   [2]string{"Gửi từng người một, hoặc dùng application/x-ndjson với mỗi người một dòng.", "Send one person at a time, or use application/x-ndjson with one person per line."}},
	verify.RefusalHeaderTooLarge: {Status: 431, Side: SideCaller,
		Title: [2]string{"Tiêu đề yêu cầu quá lớn", "The header is too large"},
		Fix:   [2]string{"Bỏ bớt tiêu đề hoặc cookie.", "Send fewer or shorter headers and cookies."}},
	verify.RefusalMediaType: {Status: 415, Side: SideCaller,
		Title: [2]string{"Kiểu nội dung không được hỗ trợ", "The content type is not supported"},
		Fix:   [2]string{"Gửi Content-Type: application/json (hoặc application/x-ndjson cho /v1/verify), không nén.", "Send Content-Type: application/json (or application/x-ndjson to /v1/verify), not compressed."}},
	verify.RefusalMethod: {Status: 405, Side: SideCaller,
		Title: [2]string{"Phương thức không được hỗ trợ", "The method is not supported here"},
		Fix:   [2]string{"Dùng phương thức ghi trong tiêu đề Allow.", "Use a method named in the Allow header."}},
	verify.RefusalPath: {Status: 404, Side: SideCaller,
		Title: [2]string{"Đường dẫn không tồn tại", "There is nothing at this path"},
		Fix:   [2]string{"Kiểm tra đường dẫn; xem /openapi.yaml.", "Check the path; see /openapi.yaml."}},
	verify.RefusalTimeout: {Status: 408, Side: SideCaller, Retryable: true,
		Title: [2]string{"Yêu cầu gửi quá chậm", "The request took too long to arrive"},
		Fix:   [2]string{"Kiểm tra đường truyền rồi gửi lại.", "Check the network, then send it again."}},
	verify.RefusalInternal: {Status: 500, Side: SideGateway, Retryable: true,
		Title: [2]string{"Lỗi bên trong hệ thống", "The gateway failed"},
		Fix:   [2]string{"Thử lại sau; nếu vẫn lỗi, báo đầu mối hỗ trợ kèm request_id.", "Try again later; if it persists, report the request_id to the support desk."}},
	verify.RefusalWithheld: {Status: 403, Side: SideCaller,
		Title: [2]string{"Không được phép cung cấp kết quả này", "This answer may not be told to this caller"},
		Fix:   [2]string{"Kiểm tra giấy tờ của người được tra cứu; đây không phải là kết quả tra cứu.", "Check the person's papers; this says nothing about them, neither yes nor no."}},
})

var faults = faulty([...]Meaning{
	identity.FaultMalformed: {
		Title: [2]string{"Mã số không đúng", "The identifier is malformed"},
		Fix:   [2]string{"id là 12 chữ số, code là 10 chữ số, card là 15 (hoặc 17) ký tự; kiểm tra lại số trên giấy tờ.", "id has 12 digits, code 10 digits, card 15 (or 17) characters; check the number on the document."}},
	identity.FaultProvince: {
		Title: [2]string{"Mã tỉnh trên thẻ (ký tự thứ 4, 5) không đúng", "The province part of the card number (characters 4 and 5) is wrong"},
		Fix:   [2]string{"Kiểm tra lại số thẻ BHYT.", "Check the card number."}},
	identity.FaultBenefit: {
		Title: [2]string{"Mã quyền lợi trên thẻ (ký tự thứ 3) không đúng", "The benefit digit of the card number (character 3) is wrong"},
		Fix:   [2]string{"Kiểm tra lại số thẻ BHYT.", "Check the card number."}},
	identity.FaultDOB: {
		Title: [2]string{"Ngày sinh không đúng", "The date of birth is wrong"},
		Fix:   [2]string{"Gửi YYYY, YYYY-MM hoặc YYYY-MM-DD, ngày có thật, từ năm 1900, không ở tương lai.", "Send YYYY, YYYY-MM or YYYY-MM-DD, a real date from 1900 on and not in the future."}},
	identity.FaultName: {
		Title: [2]string{"Họ tên sai định dạng", "The name is malformed"},
		Fix:   [2]string{"Gửi họ tên bằng UTF-8, tối đa 512 byte, không có ký tự điều khiển.", "Send the name in UTF-8, at most 512 bytes, without control characters."}},
	identity.FaultNameMissing: {
		Title: [2]string{"Thiếu họ tên", "The name is missing"},
		Fix:   [2]string{"Gửi name, hoặc qr có chứa họ tên.", "Send name, or a qr that carries it."}},
	identity.FaultDOBMissing: {
		Title: [2]string{"Thiếu ngày sinh", "The date of birth is missing"},
		Fix:   [2]string{"Gửi dob, hoặc qr có chứa ngày sinh.", "Send dob, or a qr that carries it."}},
	identity.FaultSex: {
		Title: [2]string{"Giới tính không đúng", "The sex is wrong"},
		Fix:   [2]string{"Gửi male hoặc female.", "Send male or female."}},
	identity.FaultFacility: {
		Title: [2]string{"Mã cơ sở khám chữa bệnh không đúng", "The facility code is malformed"},
		Fix:   [2]string{"Gửi 5 ký tự: 2 chữ số mã tỉnh và 3 chữ số hoặc chữ cái.", "Send 5 characters: 2 digits of province and 3 digits or letters."}},
	identity.FaultQR: {
		Title: [2]string{"Không đọc được mã QR", "The QR text cannot be read"},
		Fix:   [2]string{"Quét lại, gửi nguyên văn nội dung mã QR, hoặc nhập mã số bằng tay.", "Scan again and send the text as it was read, or type the identifier instead."}},
	identity.FaultOn: {
		Title: [2]string{"Ngày khám chữa bệnh không đúng", "The day of service is wrong"},
		Fix:   [2]string{"Gửi on dạng YYYY-MM-DD, một ngày có thật.", "Send on as YYYY-MM-DD, a real day."}},
})

const faultCount = int(identity.FaultOn) + 1

// coded fills in the codes, which belong to verify.
func coded(rows [verify.Refusals]Meaning) [verify.Refusals]Meaning {
	for r := range rows {
		rows[r].Code = verify.Refusal(r).Code()
	}
	return rows
}

// faulty fills in what all structural refusals have in common.
func faulty(rows [faultCount]Meaning) [faultCount]Meaning {
	for f := range rows {
		rows[f].Code, rows[f].Status, rows[f].Side = identity.Fault(f).Error(), 400, SideCaller
	}
	return rows
}
