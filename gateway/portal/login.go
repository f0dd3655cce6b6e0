package portal

import (
	"time"

	"github.com/verigate/verigate/internal/jsontext"
)

// expiresLayout is seven fractional digits and a Z: one client cuts the text at its last dot, others hand it to date
// parsers that want ISO 8601.
const expiresLayout = "2006-01-02T15:04:05.0000000Z"

// AppendLogin appends the answer to a successful log-in. The token is one of [Tokens]; username is echoed as the
// account writes it; expires is written in UTC.
func AppendLogin(dst, token []byte, id TokenID, username []byte, expires time.Time) []byte {
	dst = append(append(append(dst, `{"maKetQua":"200","APIKey":{"access_token":"`...), token...), '"')
	dst = append(id.AppendTo(append(dst, `,"id_token":"`...)), '"')
	dst = jsontext.AppendString(append(dst, `,"token_type":"Bearer","username":`...), username)
	dst = append(dst, `,"expires_in":"`...)
	return append(expires.UTC().AppendFormat(dst, expiresLayout), `"}}`...)
}

// AppendNoLogin appends the answer to a log-in that failed, code being 401 or 500. APIKey is there, null and last,
// because clients cut the text at the comma before it.
func AppendNoLogin(dst []byte, code string) []byte {
	return append(append(append(dst, `{"maKetQua":"`...), code...), `","APIKey":null}`...)
}
