package nation

// Life is how somebody's insurance stands on the nation's today: the one thing that decides what an honest lookup of
// them must answer.
type Life uint8

// The lives.
const (
	Current             Life = iota // one card in force, renewed under its number so far
	Renumbered                      // in force; an earlier card had another number
	RenewedInAdvance                // in force, and the next year is already issued under the same number
	ReplacedInAdvance               // in force, and the next card, with another number, is already issued
	Overlapping                     // two cards with different numbers are in force
	Expired                         // the last card ran out
	Recalled                        // the last card was recalled within its validity
	Decreased                       // … reported as discontinued
	MovedProvince                   // … discontinued: moved to another province
	MovedWithinProvince             // … discontinued: moved within the province
	ReEnrolled                      // … discontinued: to be enrolled again by the same unit
	LeftScheme                      // … discontinued: left the scheme
	NotYetValid                     // the only card begins later
	Cardless                        // a child under six without a card so far
	Deceased                        // dead; the last card may or may not have been closed
	Defence                         // kept by the Ministry of National Defence
	PublicSecurity                  // kept by the Ministry of Public Security
	Lives                           // how many there are
)

var lifeNames = [Lives]string{"current", "renumbered", "renewed_in_advance", "replaced_in_advance", "overlapping", "expired",
	"recalled", "decreased", "moved_province", "moved_within_province", "re_enrolled", "left_scheme", "not_yet_valid",
	"cardless", "deceased", "defence", "public_security"}

// String returns the life's name.
func (l Life) String() string {
	if l < Lives {
		return lifeNames[l]
	}
	return ""
}

// stage is the part of life that decides which cards are likely.
type stage uint8

const (
	newborn stage = iota
	child
	pupil
	student
	worker
	elder
	veteran
	stages
)

func stageOf(age int) stage {
	switch {
	case age == 0:
		return newborn
	case age <= 5:
		return child
	case age <= 17:
		return pupil
	case age <= 22:
		return student
	case age <= 59:
		return worker
	case age <= 79:
		return elder
	}
	return veteran
}

// lifeWeights are in ten-thousandths, by stage; see the package comment for what they add up to over the nation.
var lifeWeights = [stages][Lives]uint64{
	newborn: {Current: 9300, Cardless: 700},
	child: {Current: 9000, Renumbered: 260, Recalled: 20, Decreased: 40, MovedProvince: 80, MovedWithinProvince: 80,
		ReEnrolled: 10, Cardless: 490, Deceased: 20},
	pupil:   inForceThen(8390, 410, 250, 150, 120, 680, 0, 0),
	student: inForceThen(7230, 560, 300, 220, 350, 990, 200, 110),
	worker:  inForceThen(7720, 480, 300, 200, 240, 640, 150, 90),
	elder:   inForceThen(7960, 420, 300, 150, 160, 400, 0, 0, 260),
	veteran: inForceThen(7880, 350, 250, 100, 100, 400, 0, 0, 620),
}

// inForceThen fills in what all older stages share: cards ended for a reason, and those not yet begun.
func inForceThen(current, renumbered, renewed, replaced, overlapping, expired, defence, police uint64, dead ...uint64) [Lives]uint64 {
	w := [Lives]uint64{Current: current, Renumbered: renumbered, RenewedInAdvance: renewed, ReplacedInAdvance: replaced,
		Overlapping: overlapping, Expired: expired, Recalled: 40, Decreased: 80, MovedProvince: 60, MovedWithinProvince: 60,
		ReEnrolled: 40, LeftScheme: 50, NotYetValid: 20, Deceased: 20, Defence: defence, PublicSecurity: police}
	if len(dead) > 0 {
		w[Deceased] = dead[0]
	}
	return w
}

// traits are the draws that decide a person's numbers, apart from the census.
type traits struct {
	life       Life
	hasID      bool
	formerID   bool
	formerCode bool
	newest     group // of the newest card
	older      group // of an earlier or the other card, where the life has one
	former     group // of a number from before the cards on record
	hasFormer  bool
}

// Shares in ten-thousandths.
const (
	newbornsWithoutID  = 2500
	protectedWithoutID = 800 // of those under social protection
	replacedID         = 40
	replacedCode       = 30
	replacedCard       = 200
	stayHome           = 7400 // issued in the province of birth
)

// traitsOf draws the traits of a person; the same seat always gives the same.
func (n *Nation) traitsOf(s seat) traits {
	at := stageOf(n.age(s))
	x, y := n.hash(s.i, ofLife), n.hash(s.i, ofNumbers)
	t := traits{life: Life(n.lots.lives[at].roll(x)), hasID: true}
	t.newest = group{n.lots.objects[at].roll(x >> 12), n.issuedIn(s, x>>24, x>>36)}
	switch t.life {
	case Defence:
		t.newest = group{objectQN, defencePart}
		if chance12(x>>48, 600) {
			t.newest.object = objectCY
		}
	case PublicSecurity:
		t.newest.object = objectCA
	}
	if at == newborn {
		t.hasID = !chance12(y, newbornsWithoutID)
	} else if t.newest.object == objectBT {
		t.hasID = !chance12(y, protectedWithoutID)
	}
	t.formerID = t.hasID && at > child && chance12(y>>12, replacedID)
	t.formerCode = at > child && chance12(y>>24, replacedCode)
	t.hasFormer = at > pupil && t.life < Cardless && chance12(y>>36, replacedCard)
	if t.hasOlder() || t.hasFormer {
		n.drawOlder(&t, s, at)
	}
	return t
}

// hasOlder tells whether the life has cards of two numbers.
func (t *traits) hasOlder() bool {
	return t.life == Renumbered || t.life == ReplacedInAdvance || t.life == Overlapping
}

// drawOlder draws the groups of earlier numbers, each different from those before.
func (n *Nation) drawOlder(t *traits, s seat, at stage) {
	z := stream{n.hash(s.i, ofNumbers) + 1}
	x := z.next()
	t.older = group{n.lots.objects[at].roll(x), n.issuedIn(s, x>>12, x>>24)}
	if at == pupil && n.age(s) <= 9 {
		t.older.object = objectTE
	}
	t.older.avoid(t.newest)
	x = z.next()
	t.former = group{n.lots.objects[max(at, student)].roll(x), n.issuedIn(s, x>>12, x>>24)}
	t.former.avoid(t.newest, t.older)
}

// issuedIn draws the two digits of a card's province: mostly that of birth, else where people have moved to.
func (n *Nation) issuedIn(s seat, moved, where uint64) uint8 {
	if chance12(moved, stayHome) {
		return twoDigits(s.province)
	}
	return twoDigits(int(n.lots.destinations.roll(where)))
}

// Glance is what can be told of a person without filling them in.
type Glance struct {
	Life       Life
	Age        int // in calendar years, as the ID number tells
	HasID      bool
	FormerID   bool
	FormerCode bool
	FormerCard bool
}

// Glance looks at person i, 0 ≤ i < People; it is much cheaper than [Nation.Person] and does not allocate.
func (n *Nation) Glance(i int) Glance {
	s := n.seatOf(i)
	t := n.traitsOf(s)
	return Glance{Life: t.life, Age: n.age(s), HasID: t.hasID, FormerID: t.formerID, FormerCode: t.formerCode, FormerCard: t.hasFormer}
}
