// Package mapped hands out memory that the garbage collector neither scans nor counts: anonymous memory for large
// pointer-free structures, and read-only views of files.
//
// What it hands out must not hold Go pointers. A file behind a view must be replaced by rename, never written or
// truncated in place: the operating system answers that with a signal that no Go program survives.
package mapped
