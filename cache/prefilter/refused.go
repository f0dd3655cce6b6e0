package prefilter

import "fmt"

// Reason is why a generation was refused; it is a metric label and the first word an operator reads.
type Reason string

// The reasons.
const (
	ReasonFormat    Reason = "format"    // not a generation file, or of a version this program does not know
	ReasonTruncated Reason = "truncated" // shorter than its header says
	ReasonOversized Reason = "oversized" // longer than its header says
	ReasonChecksum  Reason = "checksum"  // bits have changed since it was written
	ReasonHash      Reason = "hash"      // made with another hash scheme
	ReasonRegistry  Reason = "registry"  // of another registry
	ReasonCount     Reason = "count"     // not the number of keys it says, or not the number expected
	ReasonWatermark Reason = "watermark" // older than what is already known
	ReasonHistory   Reason = "history"   // of a history that the registry does not know
	ReasonRead      Reason = "read"      // the file cannot be read at all
)

// Reasons lists all of them.
var Reasons = []Reason{ReasonFormat, ReasonTruncated, ReasonOversized, ReasonChecksum, ReasonHash, ReasonRegistry,
	ReasonCount, ReasonWatermark, ReasonHistory, ReasonRead}

// Refused is the error of a generation that must not be used.
type Refused struct {
	Reason Reason
	Err    error
}

// Error names the reason and the cause.
func (e *Refused) Error() string {
	return "refusing prefilter generation (" + string(e.Reason) + "): " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Refused) Unwrap() error { return e.Err }

func refuse(r Reason, format string, args ...any) *Refused {
	return &Refused{Reason: r, Err: fmt.Errorf(format, args...)}
}
