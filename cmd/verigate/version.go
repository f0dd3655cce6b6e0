package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version and commit are set by the build (-ldflags -X); a plain go build falls back to what Go recorded.
var version, commit = "dev", ""

type versionCmd struct{}

// Run prints one line.
func (versionCmd) Run() error {
	v, c := buildVersion()
	fmt.Printf("verigate %s (%s) %s %s/%s\n", v, c, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}

func buildVersion() (v, c string) {
	v, c = version, commit
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v, c
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && c == "" {
			c = s.Value
		}
	}
	if c == "" {
		c = "unknown"
	}
	return v, c
}
