package main

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"

	"assay/results"
)

func versionCommand() command {
	return command{
		name: "version",
		does: "prints the version of assay, of Go and of the record format",
		setup: func(*flag.FlagSet) action {
			return func(_ context.Context, s streams, args []string) error {
				if len(args) > 0 {
					return usagef("version takes no arguments, not %q", args)
				}
				_, err := fmt.Fprintf(s.out, "assay %s, %s, record schema %d\n", revision(), runtime.Version(), results.Schema)
				return err
			}
		},
	}
}

// revision is the commit that this binary was built from, as Go recorded it.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(12, len(s.Value))]
		}
	}
	return info.Main.Version
}
