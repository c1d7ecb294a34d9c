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
				_, err := fmt.Fprintf(s.Out, "assay %s, %s, record schema %d\n", Revision(), runtime.Version(), results.Schema)
				return err
			}
		},
	}
}

// The version and the commit of a release, which scripts/release has the linker set.
var version, commit string

// Revision is the version and the commit that this binary was built from: as the
// release says, or else as Go recorded it.
func Revision() string {
	if version != "" {
		return fmt.Sprintf("%s (commit %s)", version, commit[:min(12, len(commit))])
	}
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
