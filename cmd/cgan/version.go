package main

import (
	"fmt"
	"runtime/debug"

	"cgan/bindings/torch"
)

// release is the version of this program; a build of a tagged commit says more.
const release = "0.1.0-dev"

// version is a line about this program: its version, the commit that it was built from, and its libtorch.
func version() string {
	commit := "of an unknown commit"
	if info, ok := debug.ReadBuildInfo(); ok {
		if revision := setting(info, "vcs.revision"); len(revision) >= 12 {
			commit = "commit " + revision[:12]
			if setting(info, "vcs.modified") == "true" {
				commit += " with changes"
			}
		}
	}
	return fmt.Sprintf("%s, %s, libtorch %s", release, commit, torch.FullVersion())
}

// setting is a setting of the build, such as vcs.revision, or nothing.
func setting(info *debug.BuildInfo, key string) string {
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}
