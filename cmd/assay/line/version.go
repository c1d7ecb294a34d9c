package line

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"

	"assay/results"
)

func versionCommand() Command {
	return Command{
		Name: "version",
		Does: "prints the version of assay, of Go and of the record format",
		Setup: func(*flag.FlagSet) Action {
			return func(_ context.Context, s Streams, args []string) error {
				if len(args) > 0 {
					return Usagef("version takes no arguments, not %q", args)
				}
				_, err := fmt.Fprintf(s.Out, "assay %s, %s, record schema %d\n", revision(), runtime.Version(), results.Schema)
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
