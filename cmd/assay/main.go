// Command assay measures local LLM runtimes and sets each figure beside what
// the model's architecture predicts.
//
// This package is the command line: one short file per subcommand that parses
// flags, calls the packages below it and prints. It decides nothing.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// grace is how long what is going on has to end after SIGTERM or Ctrl-C: a worker is
// stopped and what was measured is kept. A second signal ends the process at once.
const grace = 10 * time.Second

// endAnyway ends a process that was told to and does not: one that waits for a file, a
// server or a library.
func endAnyway(ctx context.Context, stop func()) {
	<-ctx.Done()
	stop() // the next signal is the system's
	time.Sleep(grace)
	fmt.Fprintln(os.Stderr, "assay: interrupted")
	os.Exit(statusFailed)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go endAnyway(ctx, stop)
	status := dispatch(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr})
	os.Exit(status)
}
