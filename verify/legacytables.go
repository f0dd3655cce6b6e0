package verify

// tcvn3Text lists what the bytes A1 to FE mean in TCVN 5712:1993, VN3; a blank is a byte it does not use. VN3 has no
// capitals with a tone: its capital fonts draw the small letters large.
const tcvn3Text = "ĂÂÊÔƠƯĐăâêôơưđ" + // A1–AE
	"      àảãáạ ằẳẵắ       ặầẩẫấậ" + // AF–CB
	"è ẻẽéẹềểễếệìỉ   ĩíịò" + // CC–DF
	" ỏõóọồổỗốộờởỡớợù" + // E0–EF
	" ủũúụừửữứựỳỷỹýỵ" // F0–FE

const tcvn3First = 0xa1

var tcvn3Letters = func() (table [0x100 - tcvn3First]letter) {
	i := 0
	for _, r := range tcvn3Text {
		if r != ' ' {
			table[i] = lookup(r)
		}
		i++
	}
	return table
}()

// tcvn3 decodes one byte a letter.
func (d *legacyText) tcvn3() bool {
	for len(d.rest) > 0 {
		r, ok := d.next()
		if !ok {
			return false
		}
		l := letter(0)
		if r >= tcvn3First {
			l = tcvn3Letters[r-tcvn3First]
		}
		switch {
		case l != 0:
			d.weigh(r, l)
			d.put(l)
		case !d.plain(r):
			return false
		}
	}
	return true
}

// vni decodes VNI for Windows: a letter, then perhaps a character that says which marks it bears; capitals have capital
// mark characters.
func (d *legacyText) vni() bool {
	for len(d.rest) > 0 {
		r, ok := d.next()
		if !ok {
			return false
		}
		small := smallLatin1(r)
		if l := vniLetter(small); l != 0 {
			d.weigh(r, l)
			d.put(l)
			continue
		}
		if !d.plain(r) && !d.vniMark(r, small) {
			return false
		}
	}
	return true
}

// smallLatin1 returns the small form of a Latin-1 letter.
func smallLatin1(r rune) rune {
	if r >= 'A' && r <= 'Z' || r >= 0xc0 && r <= 0xde && r != 0xd7 {
		return r + ('a' - 'A')
	}
	return r
}

// vniLetter returns the letter that a character is by itself, or 0.
func vniLetter(r rune) letter {
	switch r {
	case 'ô':
		return 'o' | horn
	case 'ö':
		return 'u' | horn
	case 'ñ':
		return 'd' | stroke
	case 'í':
		return 'i' | acute
	case 'ì':
		return 'i' | grave
	case 'æ':
		return 'i' | hook
	case 'ó':
		return 'i' | tilde
	case 'ò':
		return 'i' | dotBelow
	case 'î':
		return 'y' | dotBelow
	}
	return 0
}

// vniMarks returns the marks that a character gives to the letter before it, or 0.
func vniMarks(r rune) letter {
	switch r {
	case 'ù':
		return acute
	case 'ø':
		return grave
	case 'û':
		return hook
	case 'õ':
		return tilde
	case 'ï':
		return dotBelow
	case 'â':
		return circumflex
	case 'á':
		return circumflex | acute
	case 'à':
		return circumflex | grave
	case 'å':
		return circumflex | hook
	case 'ã':
		return circumflex | tilde
	case 'ä':
		return circumflex | dotBelow
	case 'ê':
		return breve
	case 'é':
		return breve | acute
	case 'è':
		return breve | grave
	case 'ú':
		return breve | hook
	case 'ü':
		return breve | tilde
	case 'ë':
		return breve | dotBelow
	}
	return 0
}

// vniMark gives the last letter the marks that r stands for, if it can bear them.
func (d *legacyText) vniMark(r, small rune) bool {
	m := vniMarks(small)
	if m == 0 || d.pending || d.n == 0 {
		return false
	}
	last := &d.out[d.n-1]
	if !vniBears(*last, m) {
		return false
	}
	d.evidence++
	if !vietnamese(r) || !openOa(*last, small) {
		d.evidence++
	}
	*last |= m
	return true
}

func vniBears(l, m letter) bool {
	switch m & shapeMask {
	case circumflex:
		return l == 'a' || l == 'e' || l == 'o'
	case breve:
		return l == 'a'
	}
	switch l {
	case 'a', 'e', 'o', 'u', 'y', 'o' | horn, 'u' | horn:
		return true
	}
	return false
}

// openOa tells whether a letter and the mark character behind it are also ordinary Vietnamese: of all the pairs only oà,
// oá and oã are (Hoà; in VNI it would be Hồ).
func openOa(before letter, mark rune) bool {
	return before == 'o' && (mark == 'à' || mark == 'á' || mark == 'ã')
}
