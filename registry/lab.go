package registry

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/valyala/fasthttp"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry/nation"
	"github.com/verigate/verigate/registry/sample"
)

// maxBirths bounds one birth command, so that one request cannot fill the disk.
const maxBirths = 100_000

// command is the body of POST /lab/people.
type command struct {
	Op string `json:"op"`

	ID   string `json:"id"` // whom: exactly one of these three
	Code string `json:"code"`
	Card string `json:"card"`

	Count     *int   `json:"count"` // birth
	Province  string `json:"province"`
	WithoutID bool   `json:"without_id"`

	Object string `json:"object"` // issue: the object code of the new card

	Name     string `json:"name"` // correct
	DOB      string `json:"dob"`
	Sex      string `json:"sex"`
	Facility string `json:"facility"`
	Address  string `json:"address"`
	NewID    string `json:"new_id"`
}

// The refusals of commands that nobody could carry out.
var (
	errOp       = refuse(400, "op_unknown", "op must be birth, recall, renew, issue, death or correct")
	errWho      = refuse(400, "person_missing", "name the person by exactly one of id, code and card")
	errWhoKey   = refuse(400, "key_malformed", "the person's id, code or card is not an identifier of its kind")
	errNobody   = refuse(404, "person_unknown", "this register has nobody with that identifier")
	errBirths   = refuse(400, "count_invalid", "count must be 1 to 100000")
	errProvince = refuse(400, "province_invalid", "province must be one of the three-digit codes of the numbering scheme")
	errObject   = refuse(400, "object_invalid", "object must be one of the codes documented for issue")
	errName     = refuse(400, "name_invalid", "name must be 1 to 255 bytes of text")
	errAddress  = refuse(400, "address_invalid", "address must be 1 to 255 bytes of text")
	errDOB      = refuse(400, "dob_invalid", "dob must be YYYY, YYYY-MM or YYYY-MM-DD, from 1900 to today")
	errSex      = refuse(400, "sex_invalid", "sex must be male or female")
	errFacility = refuse(400, "facility_invalid", "facility must be two digits and three digits or capitals")
	errNewID    = refuse(400, "new_id_invalid", "new_id must be 12 digits")
)

// outcome is a person after a command: what they would say at a counter, and what the register now says of them.
type outcome struct {
	sample.Claim
	Version uint64          `json:"version"`
	Record  json.RawMessage `json:"record"`
}

// servePeople answers POST /lab/people.
func (r *Registry) servePeople(ctx *fasthttp.RequestCtx) {
	var c command
	if strictly(ctx.PostBody(), &c) != nil {
		errBody.send(ctx)
		return
	}
	if c.Op == "birth" {
		r.serveBirths(ctx, &c)
		return
	}
	s, err := r.change(&c)
	if err != nil {
		r.sendFailure(ctx, err)
		return
	}
	sendJSON(ctx, outcome{Claim: sample.Of(&s.person, r.today()), Version: s.version, Record: appendRecord(nil, &s.person)})
}

func (r *Registry) serveBirths(ctx *fasthttp.RequestCtx, c *command) {
	born, err := r.birth(c)
	if err != nil {
		r.sendFailure(ctx, err)
		return
	}
	reply := struct {
		Version uint64         `json:"version"`
		People  []sample.Claim `json:"people"`
	}{Version: born[len(born)-1].version}
	today := r.today()
	for _, s := range born {
		reply.People = append(reply.People, sample.Of(&s.person, today))
	}
	sendJSON(ctx, reply)
}

func (r *Registry) sendFailure(ctx *fasthttp.RequestCtx, err error) {
	p, ok := errors.AsType[*problem](err)
	if !ok {
		r.log.Error("a change was not made", "error", err)
		p = errInternal
	}
	p.send(ctx)
}

func sendJSON(ctx *fasthttp.RequestCtx, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		errInternal.send(ctx)
		return
	}
	ctx.SetContentType("application/json")
	ctx.SetBody(body)
}

// birth makes people. The error is a *problem when the command is at fault.
func (r *Registry) birth(c *command) ([]*state, error) {
	count := 1
	if c.Count != nil {
		count = *c.Count
	}
	if count < 1 || count > maxBirths {
		return nil, errBirths
	}
	if c.Province == "" {
		c.Province = "001"
	}
	if !nation.HasProvince(c.Province) {
		return nil, errProvince
	}
	r.lab.Lock()
	defer r.lab.Unlock()
	today, first := r.today(), r.overlay.births()
	states := make([]*state, count)
	for i := range states {
		s := new(state)
		r.nation.Born(first+i, c.Province, today, &s.person)
		if c.WithoutID {
			s.person.ID = ""
		}
		states[i] = s
	}
	return states, r.commit(states)
}

// change carries out a command on one person. The error is a *problem when the command is at fault.
func (r *Registry) change(c *command) (*state, error) {
	do := operations[c.Op]
	if do == nil {
		return nil, errOp
	}
	k, p := c.who()
	if p != nil {
		return nil, p
	}
	r.lab.Lock()
	defer r.lab.Unlock()
	today := r.today()
	if p := c.check(today); p != nil {
		return nil, p
	}
	var scratch nation.Person
	found, _ := r.person(k, &scratch)
	switch {
	case found == nil:
		return nil, errNobody
	case found.Holder != "":
		return nil, errHeldElsewhere
	}
	s := &state{person: *found}
	s.person.Cards, s.person.Former = slices.Clone(found.Cards), slices.Clone(found.Former)
	if p := r.checkNewID(c.NewID, found); p != nil {
		return nil, p
	}
	if p := do(&s.person, c, today); p != nil {
		return nil, p
	}
	return s, r.commit([]*state{s})
}

// commit gives the changes their versions, writes them to disk and only then shows them. The caller holds the lab lock.
func (r *Registry) commit(states []*state) error {
	version, at := r.overlay.version.Load(), r.now().UTC().Truncate(0)
	lines := make([]any, len(states))
	for i, s := range states {
		version++
		s.version, s.at = version, at
		lines[i] = s.store()
	}
	if err := r.journal.append(lines...); err != nil {
		return err
	}
	r.publish(states)
	return nil
}

// today is the register's date.
func (r *Registry) today() identity.Date { return nation.DateOf(r.now()) }

// who returns the identifier that names the person.
func (c *command) who() (identity.Key, *problem) {
	given, kind, value := 0, "", ""
	for _, w := range [...]struct{ kind, value string }{{"id", c.ID}, {"code", c.Code}, {"card", c.Card}} {
		if w.value != "" {
			given++
			kind, value = w.kind, w.value
		}
	}
	if given != 1 {
		return identity.Key{}, errWho
	}
	k, ok := wellFormed([]byte(kind), []byte(value))
	if !ok {
		return identity.Key{}, errWhoKey
	}
	return k, nil
}

// check refuses values that no person could have.
func (c *command) check(today identity.Date) *problem {
	if c.Name != "" && !validText(c.Name) {
		return errName
	}
	if c.Address != "" && !validText(c.Address) {
		return errAddress
	}
	if c.DOB != "" {
		if _, fault := identity.ParseDOB([]byte(c.DOB), today); fault != identity.FaultNone {
			return errDOB
		}
	}
	if c.Sex != "" && sexOf(c.Sex) == identity.SexUnknown {
		return errSex
	}
	if c.Facility != "" {
		if f, fault := identity.ParseFacility([]byte(c.Facility)); fault != identity.FaultNone || f.String() != c.Facility {
			return errFacility
		}
	}
	if c.Object != "" && !knownObject(c.Object) {
		return errObject
	}
	return nil
}

// checkNewID refuses an ID number that is malformed or was ever given to anybody.
func (r *Registry) checkNewID(id string, p *nation.Person) *problem {
	if id == "" {
		return nil
	}
	k, ok := wellFormed([]byte("id"), []byte(id))
	if !ok {
		return errNewID
	}
	if id == p.ID {
		return errSameID
	}
	if _, _, taken := r.overlay.find(k, r.nation); taken {
		return errIDTaken
	}
	return nil
}

func knownObject(letters string) bool {
	for _, o := range objects {
		if o.letters == letters {
			return true
		}
	}
	return false
}
