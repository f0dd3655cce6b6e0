// Package keep files what was measured: figures by commit, and a table into the page that shows them.
package keep

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Figures writes v as JSON to FOLDER/NAME-COMMIT.json.
func Figures(folder, name, commit string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("making the results folder: %w", err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+"-"+commit+".json"), append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("keeping the result: %w", err)
	}
	return nil
}

// Table puts a table into a page, between the line "<!-- written by make VERB -->" and the next "<!-- to here -->".
func Table(page, verb, table string) error {
	begin, end := "<!-- written by make "+verb+" -->\n", "<!-- to here -->\n"
	text, err := os.ReadFile(page)
	if err != nil {
		return fmt.Errorf("reading the page: %w", err)
	}
	before, rest, begun := strings.Cut(string(text), begin)
	_, after, ended := strings.Cut(rest, end)
	if !begun || !ended {
		return errors.New("writing " + page + ": it has no place for the table of make " + verb)
	}
	if err := os.WriteFile(page, []byte(before+begin+table+end+after), 0o644); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}
