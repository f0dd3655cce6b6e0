package verify

// Lane says who goes first when not everybody can: somebody stands at a clinic's desk, somebody waits at an agency's,
// nobody waits for a row of a batch.
type Lane uint8

// The lanes, the first before the second before the third.
const (
	LaneClinic       Lane = iota // lookups and portal calls made to treat or to bill
	LaneRegistration             // other lookups, and single verifications
	LaneBatch                    // rows of streams and jobs
	Lanes            = 3
)

// LaneNames are the lanes' names in metrics, indexed by [Lane].
var LaneNames = [Lanes]string{"clinic", "registration", "batch"}

// LaneOf returns the lane of a call made for a purpose.
func LaneOf(c Call, p Purpose) Lane {
	switch c {
	case CallBatch:
		return LaneBatch
	case CallLookup, CallPortal:
		if p == PurposeTreatment || p == PurposeClaim || p == PurposeNone {
			return LaneClinic
		}
	}
	return LaneRegistration
}
