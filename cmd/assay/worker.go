package main

import (
	"context"
	"flag"
	"os"

	"golang.org/x/sys/unix"

	"assay/harness/worker"
)

func workerCommand() command {
	return command{
		name:   "worker",
		does:   "runs one case; the other commands start it",
		hidden: true,
		setup: func(*flag.FlagSet) action {
			return func(ctx context.Context, s streams, _ []string) error {
				out, err := claimStdout()
				if err != nil {
					return err
				}
				defer out.Close()
				if err := worker.Work(ctx, s.in, out); err != nil {
					return toldError{err}
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
