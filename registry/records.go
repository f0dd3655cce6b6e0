package registry

import (
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/verigate/verigate/identity"
	"github.com/verigate/verigate/registry/nation"
)

// timeLayout is RFC 3339 in UTC with microseconds: fine enough to tell two heartbeats apart.
const timeLayout = "2006-01-02T15:04:05.000000Z07:00"

// work is the memory of one /records request.
type work struct {
	keys   []identity.Key
	out    []byte
	now    []byte
	digest []byte
	person nation.Person
}

// serveRecords answers POST /records.
func (r *Registry) serveRecords(ctx *fasthttp.RequestCtx, h harm) {
	w := r.works.Get().(*work)
	defer r.works.Put(w)
	keys, p := parseKeys(ctx.PostBody(), w.keys[:0])
	w.keys = keys
	if p != nil {
		p.send(ctx)
		return
	}
	ctx.SetContentType("application/json")
	ctx.SetBody(r.answer(w))
	w.digest = appendDigest(w.digest[:0], w.out)
	ctx.Response.Header.SetBytesV("Content-Digest", w.digest)
	if h != (harm{}) {
		hurtReply(ctx, h)
	}
}

// appendDigest appends a Content-Digest (RFC 9530): names are free text, so only a checksum tells a caller that a reply
// which reads well was damaged on its way.
func appendDigest(out, body []byte) []byte {
	sum := sha256.Sum256(body)
	return append(base64.StdEncoding.AppendEncode(append(out, "sha-256=:"...), sum[:]), ':')
}

// answer renders the reply to w.keys. The mark is taken first, so that the answers show everything up to it.
func (r *Registry) answer(w *work) []byte {
	mark := r.mark()
	w.now = r.now().UTC().AppendFormat(w.now[:0], timeLayout)
	out := append(w.out[:0], `{"watermark":`...)
	out = mark.append(out)
	out = append(out, `,"answers":[`...)
	for i, k := range w.keys {
		if i > 0 {
			out = append(out, ',')
		}
		out = r.appendAnswer(out, k, w)
	}
	w.out = append(out, "]}"...)
	return w.out
}

func (r *Registry) appendAnswer(out []byte, k identity.Key, w *work) []byte {
	// Read before the search: whoever is born during it gets a later version than this "absent" carries.
	seen := r.overlay.version.Load()
	p, version := r.person(k, &w.person)
	switch holder := holderOf(k, p); {
	case holder != "":
		out = append(out, `{"status":"elsewhere","holder":"`...)
		out = append(append(out, holder...), '"')
		version = max(version, firstVersion)
	case p == nil:
		out = append(out, `{"status":"absent"`...)
		version = seen
	default:
		out = append(out, `{"status":"record"`...)
	}
	out = appendUint(append(out, `,"version":`...), version)
	out = append(append(append(out, `,"as_of":"`...), w.now...), '"')
	if p != nil && p.Holder == "" {
		out = appendRecord(append(out, `,"record":`...), p)
	}
	return append(out, '}')
}

// person finds who has or had the number, using scratch for people nobody changed; nil: nobody. The result must not be
// changed and is good until scratch is used again.
func (r *Registry) person(k identity.Key, scratch *nation.Person) (p *nation.Person, version uint64) {
	asked := k
	long := k.Kind() == identity.KindCard && k.Len() == identity.MaxKeyLen
	if long {
		var text [identity.MaxKeyLen]byte
		k, _ = identity.NewKey(identity.KindID, string(k.AppendTo(text[:0])[cardPrefix:]))
	}
	i, s, ok := r.overlay.find(k, r.nation)
	switch {
	case !ok:
		return nil, 0
	case s != nil:
		p, version = &s.person, s.version
	default:
		r.nation.Person(i, scratch)
		p, version = scratch, firstVersion
	}
	if long && !hasPrefix(p, asked) {
		return nil, 0
	}
	return p, version
}

// hasPrefix tells whether the person was ever issued a card that begins like k: the long form of a card nobody issued
// does not exist, however right its ID number.
func hasPrefix(p *nation.Person, k identity.Key) bool {
	var text [identity.MaxKeyLen]byte
	prefix := string(k.AppendTo(text[:0])[:cardPrefix])
	for i := range p.Cards {
		if n := p.Cards[i].Number; len(n) > cardPrefix && n[:cardPrefix] == prefix {
			return true
		}
	}
	for i := range p.Former {
		if f := &p.Former[i]; f.Kind == identity.KindCard && len(f.Value) > cardPrefix && f.Value[:cardPrefix] == prefix {
			return true
		}
	}
	return false
}

// holders are the object codes whose cards the two ministries keep, and who keeps them. (Cipher officers, CY, come
// under Defence.)
var holders = map[[2]byte]string{
	{'Q', 'N'}: "defence",
	{'C', 'Y'}: "defence",
	{'C', 'A'}: "public_security",
}

// holderOf says who keeps the person or the card when it is not this register: "" for its own and for nobody's.
func holderOf(k identity.Key, p *nation.Person) string {
	if p != nil {
		return p.Holder
	}
	if k.Kind() != identity.KindCard {
		return ""
	}
	var text [identity.MaxKeyLen]byte
	number := k.AppendTo(text[:0])
	return holders[[2]byte(number[:2])]
}

// mark is the feed's mark, held back to what answers show: a change is in the feed a moment before.
func (r *Registry) mark() mark {
	m := r.feed.mark()
	m.version = min(m.version, r.overlay.version.Load())
	return m
}

// mark is a point of the feed: everything an answer showed at that time has a version of at most this one.
type mark struct {
	version uint64
	at      time.Time
}

func (m mark) append(out []byte) []byte {
	out = appendUint(append(out, `{"version":`...), m.version)
	out = m.at.UTC().AppendFormat(append(out, `,"at":"`...), timeLayout)
	return append(out, `"}`...)
}
