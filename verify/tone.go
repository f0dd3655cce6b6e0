package verify

// vowelRun returns the end of the run of vowel letters that begins at i; it is i when there is none.
func vowelRun(name []letter, i int) int {
	for i < len(name) && isVowel(name[i]) {
		i++
	}
	return i
}

func isVowel(l letter) bool {
	switch l & (runeMask | classMask) {
	case 'a', 'e', 'i', 'o', 'u', 'y':
		return true
	}
	return false
}

// placeTones moves the tone of each group of vowels to its first letter, so that hòa and hoà, quý and qúy, toàn and tòan
// are one. A syllable has one tone and the letters tell where it belongs, so its place never tells two names apart. A
// group with more than one tone is not Vietnamese and is left alone.
func placeTones(name []letter) {
	for i := 0; i < len(name); i++ {
		end := vowelRun(name, i)
		if end-i < 2 {
			i = max(i, end)
			continue
		}
		liftTone(name[i:end])
		i = end
	}
}

func liftTone(group []letter) {
	at := -1
	for i, l := range group {
		if l&toneMask == 0 {
			continue
		}
		if at >= 0 {
			return
		}
		at = i
	}
	if at > 0 {
		group[0] |= group[at] & toneMask
		group[at] &^= toneMask
	}
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
