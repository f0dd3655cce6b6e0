package verify

// vowels is the set of vowel letters, a being bit 0.
const vowels = 1 | 1<<('e'-'a') | 1<<('i'-'a') | 1<<('o'-'a') | 1<<('u'-'a') | 1<<('y'-'a')

func isVowel(l letter) bool {
	i := l&(runeMask|classMask) - 'a'
	return i < 32 && vowels>>i&1 != 0
}

// placeTones moves the tone of each group of vowels to its first letter, so that hòa and hoà, quý and qúy, toàn and tòan
// are one. A syllable has one tone and the letters tell where it belongs, so its place never tells two names apart. A
// group with more than one tone is not Vietnamese and stays as it is.
func placeTones(name []letter) {
	const none, several = -1, -2
	first, toned := none, none // the first vowel of this group, the vowel its tone stood on
	for i, l := range name {
		switch {
		case !isVowel(l):
			first = none
			continue
		case first == none:
			first, toned = i, none
		}
		switch {
		case l&toneMask == 0:
		case toned == none:
			toned = i
			moveTone(name, i, first)
		case toned >= 0:
			moveTone(name, first, toned)
			toned = several
		}
	}
}

func moveTone(name []letter, from, to int) {
	tone := name[from] & toneMask
	name[from] &^= tone
	name[to] |= tone
}

// yToI writes i for each y that is the only vowel of a syllable, with a consonant before it and none after: Lý is Lí, Mỹ
// is Mĩ, and, the u belonging to the q, Quý is Quí. Elsewhere the two are different sounds (Thúy and Thúi, Tây and Tâi)
// or start a word (Ý).
func yToI(name []letter) {
	for i, l := range name {
		if l&runeMask != 'y' || l&classMask != 0 || !endsWord(name, i+1) || i == 0 {
			continue
		}
		before := name[i-1]
		if isVowel(before) {
			afterQ := before&runeMask == 'u' && i >= 2 && name[i-2] == 'q'
			if !afterQ {
				continue
			}
		} else if before == ' ' || before&classMask != 0 {
			continue
		}
		name[i] = l&^runeMask | 'i'
	}
}

func endsWord(name []letter, i int) bool { return i == len(name) || name[i] == ' ' }
