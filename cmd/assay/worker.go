package main

import (
	"context"
	"flag"
	"os"

	"golang.org/x/sys/unix"

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
				out, err := claimStdout()
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

// claimStdout takes standard output for the protocol and points descriptor 1 at
// standard error, so that whatever a library prints cannot garble a message.
func claimStdout() (*os.File, error) {
	fd, err := unix.FcntlInt(1, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "messages"), redirect(2, 1)
}
