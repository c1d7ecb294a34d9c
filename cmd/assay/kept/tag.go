package kept

import (
	"context"
	"flag"
	"fmt"

	"assay/cmd/assay/line"
	"assay/cmd/assay/show"
	"assay/harness/archive"
	"assay/harness/failure"
	"assay/results/store"
)

const tagHelp = `
Gives a run another name, which every command takes where it takes a run. A name
that another run bears moves to this one, and the other is named. Nothing is
measured or removed.

examples:
  assay tag latest before-update
  assay diff before-update latest
  assay tag --delete before-update
`

// tagged is what a tag names now, and what it named before.
type tagged struct {
	Tag    string `json:"tag"`
	Run    string `json:"run,omitempty"`
	Before string `json:"before,omitempty"`
}

// Tag is the command of that name.
func Tag() line.Command {
	return line.Command{
		Name: "tag", Args: "RUN NAME", Does: "gives a run a name", Help: tagHelp,
		Setup: func(fs *flag.FlagSet) line.Action {
			dsn := line.StoreFlag(fs)
			remove := fs.Bool("delete", false, "take the name from the run that bears it")
			asJSON := fs.Bool("json", false, "print as JSON")
			return func(ctx context.Context, s line.Streams, args []string) error {
				switch {
				case *remove && len(args) != 1:
					return line.Usagef("tag --delete takes the name alone: assay tag --delete before-update")
				case !*remove && len(args) != 2:
					return line.Usagef("tag takes a run and its new name: assay tag latest before-update")
				}
				done, err := tagRun(ctx, *dsn, args, *remove)
				if err != nil {
					return err
				}
				if *asJSON {
					return show.JSON(s.Out, done)
				}
				fmt.Fprintln(s.Out, done)
				return nil
			}
		},
	}
}

func (t tagged) String() string {
	switch {
	case t.Run == "":
		return fmt.Sprintf("%s no longer names run %s", t.Tag, t.Before)
	case t.Before != "" && t.Before != t.Run:
		return fmt.Sprintf("%s is run %s; it was run %s", t.Tag, t.Run, t.Before)
	}
	return fmt.Sprintf("%s is run %s", t.Tag, t.Run)
}

func tagRun(ctx context.Context, dsn string, args []string, remove bool) (done tagged, err error) {
	db, err := archive.Read(ctx, dsn)
	if err != nil {
		return done, err
	}
	defer db.Close()
	if remove {
		done.Tag = args[0]
		done.Before, err = db.Untag(ctx, done.Tag)
		return done, failure.Input(err)
	}
	done.Tag = args[1]
	if done.Run, err = db.SelectID(ctx, args[0], store.Filter{}); err != nil {
		return done, failure.Input(err)
	}
	done.Before, err = db.TagRun(ctx, done.Run, done.Tag)
	return done, failure.Input(err)
}
