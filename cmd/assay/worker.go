package main

import (
	"context"
	"flag"

	"assay/cmd/assay/line"
	"assay/harness/worker"
)

func workerCommand() line.Command {
	return line.Command{
		Name:   "worker",
		Does:   "runs one case; the other commands start it",
		Hidden: true,
		Setup: func(*flag.FlagSet) line.Action {
			return func(ctx context.Context, s line.Streams, _ []string) error {
				out, err := line.ClaimStdout()
				if err != nil {
					return err
				}
				defer out.Close()
				if err := worker.Work(ctx, s.In, out); err != nil {
					return line.Told(err)
				}
				return nil
			}
		},
	}
}
