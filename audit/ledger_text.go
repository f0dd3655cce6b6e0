package audit

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// words are the texts of a ledger in one language.
type words struct {
	title, none, withheld, until, basis, commitment, released, nothing, wasWithheld string

	kinds, calls, purposes, outcomes, parts map[string]string
}

var languages = map[string]*words{
	"vi": {
		title: "Các lượt tra cứu thông tin của Ông/Bà", none: "Không có lượt tra cứu nào.",
		withheld: "Chưa được thông báo theo quy định", until: "thông báo từ", basis: "căn cứ", commitment: "mã cam kết",
		released: "đã cung cấp", nothing: "không cung cấp thông tin", wasWithheld: "trước đây chưa được thông báo",
		kinds: map[string]string{"clinic": "Cơ sở khám chữa bệnh", "agency": "Cơ quan", "laboratory": "Phòng xét nghiệm", "operator": "Đơn vị vận hành"},
		calls: map[string]string{"lookup": "tra cứu thẻ", "verify": "xác minh", "batch": "xác minh theo danh sách", "portal": "tra cứu qua cổng giám định", "ledger": "xem danh sách lượt tra cứu"},
		purposes: map[string]string{"treatment": "khám chữa bệnh", "claim": "thanh toán", "registration": "đăng ký", "reconciliation": "đối soát",
			"benefit_payment": "chi trả chế độ", "statistics": "thống kê", "test": "kiểm thử"},
		outcomes: map[string]string{"match": "thẻ còn giá trị, thông tin khớp", "mismatch": "thông tin không khớp", "not_found": "không tìm thấy",
			"out_of_register": "do cơ quan khác quản lý", "superseded": "số đã được thay thế", "inactive": "thẻ không còn hiệu lực", "unavailable": "không xác định được", "told": "đã thông báo"},
		parts: map[string]string{"coverage": "thông tin thẻ", "person": "họ tên, ngày sinh, giới tính, địa chỉ", "successor": "thẻ mới", "details": "mục nào khớp hoặc không khớp", "reason": "lý do thẻ hết hiệu lực"},
	},
	"en": {
		title: "Who asked about you", none: "Nobody asked.",
		withheld: "Not told yet, by law", until: "told from", basis: "basis", commitment: "commitment",
		released: "given", nothing: "nothing was given", wasWithheld: "was not told before",
		kinds:    map[string]string{"clinic": "Clinic", "agency": "Agency", "laboratory": "Laboratory", "operator": "Operator"},
		calls:    map[string]string{"lookup": "card looked up", "verify": "claims verified", "batch": "claims verified in a list", "portal": "card looked up through the portal", "ledger": "this list was asked for"},
		purposes: map[string]string{"benefit_payment": "benefit payment"},
		outcomes: map[string]string{"match": "card in force, data agree", "mismatch": "data do not agree", "not_found": "not found", "out_of_register": "kept by another authority",
			"superseded": "number was replaced", "inactive": "card not in force", "unavailable": "could not be known", "told": "told"},
		parts: map[string]string{"coverage": "card data", "person": "name, birth date, sex, address", "successor": "the newer card", "details": "what agrees and what does not", "reason": "why the card is not in force"},
	},
}

// vietnamTime is the zone a ledger is read in.
var vietnamTime = time.FixedZone("ICT", int(7*time.Hour/time.Second))

// LedgerText says how a ledger is written for people.
type LedgerText struct {
	Language string            // "vi" or "en"
	Names    map[string]string // organisations by caller id; what is missing is shown by its id
}

// Write writes a ledger, one entry a line.
func (t LedgerText) Write(w io.Writer, l *Ledger) error {
	words := languages[t.Language]
	if words == nil {
		return fmt.Errorf("writing a ledger: language %q: must be vi or en", t.Language)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", words.title)
	if len(l.Entries) == 0 && len(l.Withheld) == 0 { // "nobody" would be untrue of entries that are held back
		fmt.Fprintf(&b, "%s\n", words.none)
	}
	for i := range l.Entries {
		t.entry(&b, words, &l.Entries[i])
	}
	if len(l.Withheld) > 0 {
		fmt.Fprintf(&b, "\n%s\n\n", words.withheld)
	}
	for _, h := range l.Withheld {
		fmt.Fprintf(&b, "#%d  %s %s; %s: %s; %s %s\n", h.Seq, words.until, h.Until.In(vietnamTime).Format("02/01/2006"), words.basis, h.Basis, words.commitment, h.Commitment)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing a ledger: %w", err)
	}
	return nil
}

func (t LedgerText) entry(b *strings.Builder, words *words, e *LedgerEntry) {
	who := t.Names[e.Caller]
	if who == "" {
		who = e.Caller
	}
	if e.Facility != "" {
		who += " (" + e.Facility + ")"
	}
	given := words.nothing
	if len(e.Released) > 0 {
		parts := make([]string, len(e.Released))
		for i, p := range e.Released {
			parts[i] = word(words.parts, p)
		}
		given = words.released + ": " + strings.Join(parts, ", ")
	}
	asked := word(words.calls, e.Call)
	if e.Purpose != "" { // an operator who asks for a ledger has none
		asked += ", " + word(words.purposes, e.Purpose)
	}
	fmt.Fprintf(b, "#%d  %s  %s %s: %s; %s; %s\n", e.Seq, e.At.In(vietnamTime).Format("02/01/2006 15:04:05"),
		word(words.kinds, e.CallerKind), who, asked, word(words.outcomes, e.Outcome), given)
	if e.Commitment != "" {
		fmt.Fprintf(b, "      %s: %s %s, nonce %s, record %s\n", words.wasWithheld, words.commitment, e.Commitment, e.Nonce, e.Record)
	}
}

func word(m map[string]string, key string) string {
	if w := m[key]; w != "" {
		return w
	}
	return key
}
