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
	info, err := os.Stat(b.cfg.StateFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Size() > maxState {
		return fmt.Errorf("%s: has %d bytes, more than %d", b.cfg.StateFile, info.Size(), maxState)
	}
	text, err := os.ReadFile(b.cfg.StateFile)
	if err != nil {
		return err
	}
	var s state
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("%s: %w", b.cfg.StateFile, err)
	}
	if s.Version != stateVersion {
		return fmt.Errorf("%s: version %d, not %d", b.cfg.StateFile, s.Version, stateVersion)
	}
	for _, h := range s.Holds {
		if !h.valid() {
			return fmt.Errorf("%s: a hold without account or version", b.cfg.StateFile)
		}
		b.holds.put(h)
	}
	for _, u := range s.Usual {
		b.accounts.habits[u.Account] = u
	}
	b.holds.unsaved = false
	return nil
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
