package nation

// object is an object code (mã đối tượng) with the benefit digit that goes with it by the rule of 2015.
type object struct {
	letters string
	benefit uint8
}

// The objects that rules of this package name; their values index objects.
const (
	objectTE = iota
	objectBT
	objectQN
	objectCY
	objectCA
	objectHS
	objectSV
	objectGD
	objectHN
	objectDT
	objectDK
	objectCN
	objectDN
	objectCH
	objectHC
	objectNN
	objectTK
	objectHX
	objectXK
	objectGB
	objectTN
	objectHT
	objectMS
	objectCC
	objectCK
	objectCB
	objectKC
	objectTS
	objectTC
	objectCT
	objectXB
	objectTB
	objectTQ
	objectTA
	objectCount
)

var objects = [objectCount]object{
	{"TE", 1}, {"BT", 2}, {"QN", 5}, {"CY", 5}, {"CA", 5}, {"HS", 4}, {"SV", 4}, {"GD", 4}, {"HN", 2}, {"DT", 2},
	{"DK", 2}, {"CN", 3}, {"DN", 4}, {"CH", 4}, {"HC", 4}, {"NN", 4}, {"TK", 4}, {"HX", 4}, {"XK", 4}, {"GB", 4},
	{"TN", 4}, {"HT", 3}, {"MS", 4}, {"CC", 1}, {"CK", 2}, {"CB", 2}, {"KC", 2}, {"TS", 2}, {"TC", 3}, {"CT", 4},
	{"XB", 4}, {"TB", 4}, {"TQ", 4}, {"TA", 4},
}

// objectWeights says who holds which card, by stage of life, in any unit.
var objectWeights = [stages][objectCount]uint64{
	newborn: {objectTE: 1},
	child:   {objectTE: 1},
	pupil:   {objectHS: 700, objectDT: 120, objectHN: 60, objectCN: 40, objectDK: 30, objectBT: 12, objectGD: 30, objectTQ: 5, objectTA: 3},
	student: {objectSV: 330, objectDN: 290, objectGD: 210, objectDT: 60, objectHN: 40, objectCN: 30, objectHS: 20, objectBT: 10, objectTN: 10},
	worker: {objectDN: 390, objectGD: 280, objectCH: 60, objectHC: 25, objectNN: 15, objectTK: 10, objectHX: 6, objectXK: 6,
		objectDT: 75, objectHN: 40, objectCN: 30, objectDK: 15, objectGB: 20, objectTN: 12, objectBT: 10, objectHT: 10,
		objectTS: 2, objectTC: 3, objectTB: 1, objectTQ: 4, objectTA: 2},
	elder: {objectGD: 360, objectHT: 290, objectDT: 70, objectHN: 45, objectCN: 35, objectDK: 15, objectBT: 40, objectCK: 30,
		objectCB: 50, objectKC: 20, objectCC: 8, objectMS: 10, objectXB: 5, objectTS: 12, objectTC: 8, objectTB: 2},
	veteran: {objectBT: 420, objectHT: 200, objectGD: 150, objectCT: 60, objectCK: 50, objectKC: 40, objectCC: 15, objectCB: 25,
		objectTS: 25, objectDT: 15},
}

// defencePart stands where a province would on soldiers' cards.
const defencePart = 97

// group is what a card number has before the code: the object (with its benefit digit) and two digits of province.
type group struct{ object, part uint8 }

// packed returns the card number of a code in the form of [identity.PackKey].
func (g group) packed(code uint64) uint64 {
	o := objects[g.object]
	letters := uint64(o.letters[0]-'A')*26 + uint64(o.letters[1]-'A')
	return ((letters*10+uint64(o.benefit))*100+uint64(g.part))*codes + code
}

// avoid moves g on to other provinces until it is none of the others.
func (g *group) avoid(others ...group) {
	for again := true; again; {
		again = false
		for _, o := range others {
			if *g == o {
				g.part = twoDigits((int(provinceOf[g.part]) + 1) % len(provinces))
				again = true
			}
		}
	}
}

// parts holds the two digits that stand for each province on cards.
var parts = func() (of [len(provinces)]uint8) {
	for i, p := range provinces {
		of[i] = uint8(digits(p.code))
	}
	return of
}()

// twoDigits returns the card's province part for an index into provinces.
func twoDigits(province int) uint8 { return parts[province] }

// lots are the weighted draws of a nation, made once.
type lots struct {
	lives        [stages]*dice
	objects      [stages]*dice
	destinations *dice // where people move to
	names        *nameLots
}

// pull is how much more than its size a province attracts people from elsewhere.
var pull = map[string]uint64{"079": 4, "074": 6, "075": 4, "001": 3, "027": 3, "048": 3, "077": 3}

func newLots() *lots {
	l := &lots{names: newNameLots()}
	for s := range stages {
		l.lives[s] = newDice(lifeWeights[s][:])
		l.objects[s] = newDice(objectWeights[s][:])
	}
	weights := make([]uint64, len(provinces))
	for i, p := range provinces {
		weights[i] = p.people * max(1, pull[p.code])
	}
	l.destinations = newDice(weights)
	return l
}
