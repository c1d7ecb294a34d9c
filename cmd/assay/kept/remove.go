package kept

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"assay/cmd/assay/line"
	"assay/cmd/assay/show"
	"assay/harness/archive"
	"assay/results/figure"
)

const removeHelp = `
Takes runs out of the store. Each is written to a file first, and 'assay import
FILE' brings it back. A run that a baseline stands on, or that is going on, is
refused. A run is an id or the beginning of one, a tag, latest, or a date; all
are found before the first is removed.

examples:
  assay rm 20261130-163900-fefbe8
  assay rm latest latest~1
`

// Remove is the command rm.
func Remove() line.Command {
	return line.Command{
		Name: "rm", Args: "RUN...", Does: "takes runs out of the store, into files", Help: removeHelp,
		Setup: func(fs *flag.FlagSet) line.Action {
			dsn := line.StoreFlag(fs)
			asJSON := fs.Bool("json", false, "print what was removed as JSON")
			return func(ctx context.Context, s line.Streams, args []string) error {
				if len(args) == 0 {
					return line.Usagef("name a run; 'assay list' lists them")
				}
				db, err := archive.Read(ctx, *dsn)
				if err != nil {
					return err
				}
				defer db.Close()
				done, err := archive.Remove(ctx, db, args)
				if *asJSON {
					return errors.Join(err, show.JSON(s.Out, done))
				}
				for _, r := range done {
					fmt.Fprintf(s.Out, "removed run %s: %s of %s\n  'assay import %s' brings it back\n", r.Run, figure.Several(r.Cases, "case"),
						show.Safe(r.Machine), show.Safe(r.File))
				}
				return err
			}
		},
	}
}
