package gateway

import (
	"github.com/verigate/verigate/gateway/v1"
	"github.com/verigate/verigate/verify"
)

func (x *exchange) stream() { x.refuse(v1.Problem{Refusal: verify.RefusalMediaType}) }
