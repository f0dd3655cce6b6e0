//go:build !unix

package mapped

// Anonymous returns n zeroed bytes; here they are ordinary memory.
func Anonymous(n int) ([]byte, error) { return make([]byte, n), nil }

// Release does nothing here: the garbage collector gives the memory back.
func Release([]byte) error { return nil }
