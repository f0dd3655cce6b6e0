package identity

// Fault is why a piece of input was refused without asking anybody. It implements error; its text names the rule and
// never the value.
type Fault uint8

// The faults. Their names are the stable codes of the native API.
const (
	FaultNone        Fault = iota
	FaultMalformed         // identifier_malformed, portal 051
	FaultProvince          // card_province_invalid, portal 052
	FaultBenefit           // card_benefit_invalid, portal 053
	FaultDOB               // dob_invalid, portal 205
	FaultName              // name_invalid (not UTF-8, control characters, too long), portal 205
	FaultNameMissing       // name_missing, portal 205
	FaultDOBMissing        // dob_missing, portal 205
	FaultSex               // sex_invalid, portal 205
	FaultFacility          // facility_invalid, portal 205
	FaultQR                // qr_unreadable, portal 051
	FaultOn                // on_invalid: the day of service, portal 205
)

var faultCodes = [...]string{"", "identifier_malformed", "card_province_invalid", "card_benefit_invalid", "dob_invalid",
	"name_invalid", "name_missing", "dob_missing", "sex_invalid", "facility_invalid", "qr_unreadable", "on_invalid"}

// Error returns the fault's stable code.
func (f Fault) Error() string {
	if int(f) < len(faultCodes) {
		return faultCodes[f]
	}
	return "identifier_malformed"
}
