// Package mapped hands out memory that the garbage collector neither scans nor counts, for large pointer-free structures.
//
// What it hands out must not hold Go pointers.
package mapped
