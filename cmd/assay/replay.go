package main

import (
	"context"
	"fmt"

	"assay/cmd/assay/line"
	"assay/cmd/assay/show"
	"assay/harness/archive"
	"assay/harness/failure"
	"assay/results/diff"
	"assay/results/night"
)

// replay judges runs as if they had been nights: those that are named, or all of the
// store.
func (o *nightlyFlags) replay(ctx context.Context, s line.Streams, args []string) error {
	across, err := diff.ParseAspects(o.across.Values)
	if err != nil {
		return failure.Input(err)
	}
	st, err := archive.Read(ctx, *o.store)
	if err != nil {
		return err
	}
	defer st.Close()
	runs, err := archive.Replayable(ctx, st, args)
	if err != nil {
		return err
	}
	nights, err := night.Replay(ctx, runs, diff.Options{Smallest: o.smallest / 100, Across: across})
	if err != nil {
		return err
	}
	if o.asJSON {
		return show.JSON(s.Out, nights)
	}
	for _, run := range runs {
		for _, w := range run.Warnings {
			fmt.Fprintf(s.Err, "warning: %s\n", show.Safe(w))
		}
	}
	show.Replay(s.Out, nights)
	return nil
}
