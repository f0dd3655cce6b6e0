//go:build !unix

package audit_test

import "testing"

func smallFiles(t *testing.T) (restore func()) {
	t.Helper()
	t.Skip("the audit log needs a Unix system")
	return nil
}
