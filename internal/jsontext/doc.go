// Package jsontext writes and reads the text inside JSON strings without allocating. What it writes is raw UTF-8 with
// nothing escaped that JSON does not require, because some clients of the portal's contract cut the text instead of
// parsing it.
package jsontext
