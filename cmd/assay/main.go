// Command assay measures local LLM runtimes and sets each figure beside what
// the model's architecture predicts.
//
// This package is the command line: one short file per subcommand that parses
// flags, calls the packages below it and prints. It decides nothing.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := dispatch(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr})
	stop()
	os.Exit(status)
}
