// Package budget protects the people in the register from callers whose credentials are good: it weighs what each caller,
// facility and staff member learns, and slows, refuses and suspends who learns about strangers.
//
// Who looks a patient up knows their name and birth date; who goes through numbers does not. So answers are told apart by
// what the question proved (see evidence), and it is people learned about without proof that are limited first of all, then
// misses, numbers in order or in one bucket, many claims about one person, people nobody has reason to ask for, and last
// the sheer number of people. docs/harvesting.md says what is counted and why.
//
// It promises: a caller without a history of proven questions learns of at most 96 people without proof, however many
// questions it has under way, and of fewer strangers in a quarter of a year; repeated questions about a patient cost nothing; somebody who was proven to be a patient is
// still answered when their clinic is stopped; memory is fixed. Several nodes tell each other through Redis in the
// background; without Redis each node counts for itself, so that bounds multiply by the number of nodes.
//
// It fails open: an unknown caller, a full table, a lost Redis or a lost event lets the question pass. Suspensions do not
// fail: they are kept in a file and in Redis until an operator lifts them.
//
// It must never keep an identifier, a name or a birth date, only parts of their keyed or seeded hashes; never wait for
// disk or network on a request's path; never decide by itself that somebody is a criminal: a human is called.
package budget
