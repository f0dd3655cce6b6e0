// Package demofile is DIR/demo.json: what a running demo tells load scripts, documents and the hand tools, so that they
// find it and may ask it. It carries keys, so only its owner may read it.
package demofile

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Name of the file in the demo's data folder.
const Name = "demo.json"

// File is the file's content. Addresses are base URLs without a trailing slash.
type File struct {
	Gateway        string `json:"gateway"`
	Admin          string `json:"admin"`
	Registry       string `json:"registry"`
	ClinicKey      string `json:"clinic_key"`
	AgencyKey      string `json:"agency_key"`
	OperatorKey    string `json:"operator_key"`
	PortalUsername string `json:"portal_username"`
	PortalPassword string `json:"portal_password"`
	OfficerID      string `json:"officer_id"`
	OfficerName    string `json:"officer_name"`
	People         uint64 `json:"people"`
	Seed           uint64 `json:"seed"`
}

// Read reads the file of the demo that runs with its data in dir. While none is ready there is no file:
// [os.ErrNotExist].
func Read(dir string) (f File, err error) {
	path := filepath.Join(dir, Name)
	text, err := os.ReadFile(path)
	if err != nil {
		return f, err
	}
	if err := json.Unmarshal(text, &f); err != nil {
		return f, fmt.Errorf("reading %s: %w", path, err)
	}
	return f, nil
}
