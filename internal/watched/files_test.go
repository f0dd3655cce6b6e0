package watched_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/verigate/verigate/internal/watched"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func replace(t *testing.T, path, text string) {
	t.Helper()
	write(t, path+".new", text)
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func TestChangesAreReportedOnceSettled(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	write(t, a, "1")
	write(t, b, "1")
	files := watched.Together(a, "", b)
	for _, step := range []struct {
		name string
		do   func()
		want bool
	}{
		{"nothing", func() {}, false},
		{"one replaced", func() { replace(t, a, "2") }, false},
		{"the other a moment later", func() { replace(t, b, "2") }, false},
		{"settled", func() {}, true},
		{"told already", func() {}, false},
		{"written in place", func() { write(t, a, "half") }, false},
		{"written on", func() { write(t, a, "half and half") }, false},
		{"settled again", func() {}, true},
		{"removed", func() { os.Remove(b) }, false},
		{"is gone", func() {}, true},
		{"back", func() { write(t, b, "3") }, false},
		{"is back", func() {}, true},
	} {
		step.do()
		if got := files.Changed(); got != step.want {
			t.Errorf("%s: reported %v, want %v", step.name, got, step.want)
		}
	}
}

func TestRunReportsWithinTwoIntervals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "a")
		write(t, path, "1")
		ctx, cancel := context.WithCancel(t.Context())
		var told, ended int
		go func() {
			watched.Together(path).Run(ctx, time.Second, func() { told++ })
			ended++
		}()
		synctest.Wait()
		replace(t, path, "2")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if told != 1 {
			t.Errorf("told %d times, want once", told)
		}
		cancel()
		synctest.Wait()
		if ended != 1 {
			t.Error("it did not end with its context")
		}
	})
}
