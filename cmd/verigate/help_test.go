package main

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestHelpHasExamplesThatParse: every command's help shows at least one line to copy, and each such line is taken by the
// command it stands under.
func TestHelpHasExamplesThatParse(t *testing.T) {
	for _, leaf := range newParser().Model.Leaves(true) {
		path := leaf.FullPath()
		t.Run(path, func(t *testing.T) {
			lines := examples(leaf.Detail)
			if len(lines) == 0 && path != "verigate version" {
				t.Fatal("its help shows no example")
			}
			own := 0
			for _, line := range lines {
				for part := range strings.SplitSeq(line, " | ") {
					got, err := newParser().Parse(words(part))
					if err != nil && !errors.Is(err, fs.ErrNotExist) && !strings.Contains(err.Error(), fs.ErrNotExist.Error()) {
						t.Errorf("%s\n%v", part, err)
						continue
					}
					if err != nil || got.Selected().FullPath() == path {
						own++ // a file that is not here is found missing only after the command has been found
					}
				}
			}
			if own == 0 && len(lines) > 0 {
				t.Errorf("no example is of this command: %q", lines)
			}
		})
	}
}

// newParser is made anew for each line: a parser remembers what it was given.
func newParser() *kong.Kong {
	return kong.Must(new(cli), kong.Name("verigate"), kong.BindTo(context.Background(), (*context.Context)(nil)), kong.Exit(func(int) {}))
}

// examples are the indented lines that begin with the program, after settings of the environment.
func examples(help string) (lines []string) {
	for line := range strings.Lines(help) {
		if !strings.HasPrefix(line, "  ") {
			continue
		}
		if _, command, ok := strings.Cut(line, "verigate "); ok {
			command, _, _ = strings.Cut(strings.TrimSpace(command), " > ")
			lines = append(lines, command)
		}
	}
	return lines
}

// words splits a command line at blanks outside single quotes, and drops the program's own name.
func words(line string) (args []string) {
	for i, part := range strings.Split(strings.TrimPrefix(line, "verigate "), "'") {
		if i%2 == 1 {
			args = append(args, part)
			continue
		}
		args = append(args, strings.Fields(part)...)
	}
	return args
}
