package budget

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/verigate/verigate/internal/replace"
)

// state is the file that survives a restart.
type state struct {
	Version int     `json:"version"`
	Holds   []hold  `json:"holds"`
	Usual   []habit `json:"usual"`
}

// habit is what an account usually does.
type habit struct {
	Account string  `json:"account"`
	People  float32 `json:"people"`
	Epochs  uint16  `json:"epochs"`
	// Known and Strangers are people of the last months, see past. Without Redis the window is among them, which else is
	// there after a restart.
	Known     float32 `json:"known,omitempty"`
	Strangers float32 `json:"strangers,omitempty"`
}

const (
	stateVersion = 1
	maxState     = 256 << 20
)

// load reads the state file. A file that cannot be read stops the start: it may hold suspensions.
func (b *Budget) load() error {
	b.accounts.init(b)
	if b.cfg.StateFile == "" {
		return nil
	}
	s, err := readState(b.cfg.StateFile)
	if err != nil {
		return fmt.Errorf("%s: %w", b.cfg.StateFile, err)
	}
	for _, h := range s.Holds {
		b.holds.put(h)
	}
	for _, u := range s.Usual {
		b.accounts.habits[u.Account] = u
	}
	b.holds.unsaved = false
	return nil
}

// readState reads a state file; one that is not there is an empty one.
func readState(path string) (s state, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	if info.Size() > maxState {
		return s, fmt.Errorf("has %d bytes, more than %d", info.Size(), maxState)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, err
	}
	if s.Version != stateVersion {
		return s, fmt.Errorf("version %d, not %d", s.Version, stateVersion)
	}
	for _, h := range s.Holds {
		if !h.valid() {
			return s, errors.New("a hold without account or version")
		}
	}
	return s, nil
}

// save writes the state file.
func (b *Budget) save() error {
	if b.cfg.StateFile == "" {
		return nil
	}
	b.holds.mu.Lock()
	b.holds.unsaved = false
	b.holds.mu.Unlock()
	s := state{Version: stateVersion, Holds: b.holds.all(b.deps.Clock().Wall), Usual: b.accounts.usual(b.deps.Redis == nil)}
	text, err := json.Marshal(s)
	if err == nil {
		err = replace.File(b.cfg.StateFile, append(text, '\n'))
	}
	if err != nil {
		b.holds.mu.Lock()
		b.holds.unsaved = true
		b.holds.mu.Unlock()
	}
	return err
}

// saveEvery is how often what callers usually do is written down; suspensions are at the next tick.
const saveEvery = 10 * time.Minute
