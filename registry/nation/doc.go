// Package nation is a synthetic nation as a social-insurance register would hold it: up to 98,700,000 people who are
// computed, not stored. Person number i, and whose an identifier is, are answered in constant time and memory; the only
// state is a census of some thousand counts. Everything follows from the seed, the number of people and today's date, on
// every machine alike.
//
// # What moves with the day
//
// Numbers, names, births before the running year and the way somebody's insurance stands ([Life]) depend on the year of
// today only. The dates of cards, of deaths and of this year's births lean on the day, so that the same share of cards
// is in force, about to end or just begun whenever the nation is computed.
//
// # How numbers are made
//
// People sit in buckets of province, age and sex, which are the first six digits of an ID number; the last six are the
// place in the bucket, sent through a seeded permutation that runs backwards as well. A code is the province and the
// place in it, permuted likewise; a card is an object code, its benefit digit, the province of issue and the code. Former
// numbers and those of people born in the lab come from other parts of the same permutations, so no number is given
// twice. Names are drawn from frequency lists by sex and year of birth, independently of the numbers: any likeness to a
// real person is chance.
//
// # Proportions
//
// Of all people, in percent: one card in force 78.0, in force after a change of number 4.3, renewed in advance 2.6 (same
// number) and 1.7 (another number), two cards in force 1.9, expired 5.8, recalled 0.4, decreased 0.7, moved to another
// province 0.6, moved within it 0.6, re-enrolled 0.4, left 0.5, not yet valid 0.2, children without a card 0.4, deceased
// 0.6, kept by Defence 0.9, by Public Security 0.6. A quarter of the newborns and 8 % of the people under social
// protection have no ID number; 0.4 % had another ID number before, 0.3 % another code, 1.6 % a card number from before
// the cards on record. Of people born up to 1945, 42 % are known by the year alone, falling to none born after 1990; a
// sixth as many by year and month. 0.3 % of the adults have another birth year than their number tells, 0.05 % of
// all another sex. 8.9 % declare something else than the register holds ([Difference]).
//
// It never fails once made, and never reads a clock, a file or the network.
package nation
