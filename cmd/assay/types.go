package main

import (
	"context"
	"flag"

	"assay/cmd/assay/line"
	"assay/cmd/assay/show"
	"assay/harness/mlx"
)

func typesCommand() line.Command {
	return line.Command{
		Name: "types", Does: "which model types run on MLX, and what is predicted of each",
		Help: `A line for each model type of mlx-lm that runs here or whose cache is predicted:
its forward pass, its cache, its weights and operations, from the headers of a
folder or from a config.json alone. --all adds those of which nothing is known,
and why.

examples:
  assay types
  assay types --all --json`,
		Setup: func(fs *flag.FlagSet) line.Action {
			all, json := fs.Bool("all", false, "with the model types that have no rule"), fs.Bool("json", false, "print JSON")
			markdown := fs.Bool("markdown", false, "print Markdown")
			return func(_ context.Context, s line.Streams, args []string) error {
				if len(args) > 0 {
					return line.Usagef("types takes no arguments, not %q", args)
				}
				families := mlx.Families()
				if *json {
					return show.JSON(s.Out, families)
				}
				show.Families(s.Out, families, show.FamilyOptions{All: *all, Markdown: *markdown, Release: mlx.Release})
				return nil
			}
		},
	}
}
