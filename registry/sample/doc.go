// Package sample makes synthetic claims about the people of a [nation.Nation], each with the outcome it must get.
//
// The expected outcome is decided by how the claim was made: a kind of sample picks somebody whose insurance stands in a
// known way and distorts what they say in a known way. Nothing here compares names or dates, so a sample can convict the
// code that does. Equal nations, seeds and mixes give equal samples.
//
// The identifiers, names and birth dates are those of the synthetic nation and of nobody else.
package sample
