package budget

import "github.com/verigate/verigate/verify"

// signal is something that is counted of an account.
type signal uint8

const (
	people signal = iota
	strangers
	nearMisses
	elsewheres
	misses
	ordered
	bucketed
	joint
	probing
	canaries
	unproven // strangers, mismatches and elsewhere together
	lasting  // strangers of the last months
	signals
)

// counted are the signals that are counted one by one, and that nodes tell each other; the others follow from them.
const counted = canaries + 1

// signalNames are the names that operators, metrics and audit events see.
var signalNames = [signals]string{
	"people", "strangers", "mismatches", "elsewhere", "misses", "ordered", "bucketed", "joint", "probing", "canary", "unproven", "lasting",
}

func (s signal) String() string { return signalNames[s] }

// share is by how much a limit rises with every person whom the caller proves to know, in thousandths, for agencies and
// for all others. A clinic mistypes one number in fifty and has a name or date wrong with one patient in thirty; it meets a
// stranger with one in a thousand. Order and buckets are forgiven to who knows the people: the new-born of a ward hold
// neighbouring numbers, and the register does not have them yet.
var share = [signals][2]int64{
	strangers: {10, 20}, nearMisses: {1000, 1000}, elsewheres: {50, 50}, misses: {150, 250},
	ordered: {200, 200}, bucketed: {100, 100}, joint: {100, 100}, probing: {5, 5},
}

// strangersMore is what the share of strangers rises by with every person above the first hundred: a small clinic's
// limit is what twenty stolen credentials together must not exceed, a large one's must bear its bad days.
const strangersMore, strangersFrom = 10, 100

// A clinic's strangers of the last months are limited by six windows' worth and the hundredth part of everybody it knew
// meanwhile: who stays below a window's limit day after day is stopped all the same. A desk meets one stranger with a
// thousand patients.
const lastingBase, lastingShare = 6, 10

func lastingFor(strangersOfWindow, kind int, a *account) int64 {
	share := int64(lastingShare)
	if kind == 1 {
		share = 2 * lastingShare
	}
	return lastingBase*int64(strangersOfWindow) + (int64(a.past.people)+int64(a.window))*share/1000
}

// strangersCap bounds the strangers that a clinic of any size may meet, so that a harvester who hides in the traffic of
// the largest hospital still learns of less than a hundred people.
const strangersCap = 60

// limits are what an account may do in a window, by signal, and how many questions it may have under way.
type limits [signals]int64

// room is how many people a caller without history may learn of without proof, questions under way included; it holds
// whatever the other limits are, and for strangers alone whatever a clinic's history is. roomAtOnce is how many questions it may have under way.
const room, roomAtOnce = 96, 64

// roomWhenSlow is how many questions a slowed caller may have under way.
const roomWhenSlow = 4

func (c *Config) limits(a *account, n, seen int64) (l limits) {
	base := [signals]int{
		strangers: c.Strangers, nearMisses: c.Near, elsewheres: c.Elsewhere, misses: c.Misses, ordered: c.Ordered,
		bucketed: c.Bucketed, joint: c.Joint, probing: c.Probing,
	}
	kind := 0
	if a.kind == verify.CallerAgency {
		kind = 1
	}
	for s := strangers; s < canaries; s++ {
		l[s] = int64(base[s]) + n*share[s][kind]/1000
		if s == strangers && kind == 0 {
			l[s] = min(l[s]+max(0, n-strangersFrom)*strangersMore/1000, max(strangersCap, int64(base[s])))
		}
		l[s] = max(1, (l[s]+a.unproven)/(1+seen))
	}
	l[canaries] = int64(c.Canaries)
	l[people] = min(c.ceiling(a), 2*c.usual(a))
	l[unproven] = (room + n + a.unproven) / (1 + seen)
	l[lasting] = max(l[strangers], (lastingFor(c.Strangers, kind, a)+lastingEpochs*a.unproven)/(1+seen))
	return l
}

// ceiling is the most people a caller may learn of: its own figure from the directory, or its kind's.
func (c *Config) ceiling(a *account) int64 {
	if a.people > 0 {
		return a.people
	}
	switch a.kind {
	case verify.CallerClinic:
		return int64(c.Clinic)
	case verify.CallerAgency:
		return int64(c.Agency)
	}
	return int64(c.Laboratory)
}

// usualAfter is how many epochs an account is watched before what it usually does counts.
const usualAfter = 6

// usual is the number of people above which an account is slowed: several times what it usually does, once that is known,
// and half of what stops it.
func (c *Config) usual(a *account) int64 {
	most := c.ceiling(a)
	if a.epochs < usualAfter || a.people > 0 {
		return most
	}
	return min(most, max(int64(c.Ordinary), 6*int64(a.usual)))
}
