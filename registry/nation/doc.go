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
// Of all people, in percent: one card in force 78, in force after a change of number 4.3, renewed in advance 2.6 (same
// number) and 1.7 (another number), two cards in force 1.9, expired 5.8, recalled 0.4, decreased 0.75, moved to another
// province 0.6, moved within it 0.6, re-enrolled 0.4, left 0.5, not yet valid 0.2, children without a card 0.4, deceased
// 0.6, kept by Defence 0.9, by Public Security 0.55. Two thirds hold several issues, mostly yearly ones under one number;
// 2.5 % hold a card without an end.
//
// No ID number: 0.34 (a quarter of the newborns, 8 % of those under social protection). Another ID number before: 0.37,
// another code: 0.27, a card number from before the cards on record: 1.4. Known by year of birth alone: 3 (42 % of those
// born up to 1945, none born after 1990), by year and month: 0.5. Of the adults 0.3 % have another birth year than their
// number tells, and 0.05 % of all another sex. 9 % declare something else than the register holds ([Difference]), two
// thirds of them something that must not pass. 4 % of the names are held in capitals.
//
// Provinces and ages follow published counts, rounded; 8 % are under six and 1.6 % are 80 or older.
//
// It never fails once made, and never reads a clock, a file or the network.
package nation
