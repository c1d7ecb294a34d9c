// Command assay measures local LLM runtimes and sets each figure beside what
// the model's architecture predicts.
//
// This package is the list of commands, those that read what was measured in kept, the
// others here in a short file each that declares flags, calls the packages below it and
// has show print. It decides nothing, and it does not know runtimes' names, libraries
// or formulas.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"assay/cmd/assay/kept"
	"assay/cmd/assay/line"
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
	os.Exit(line.StatusFailed)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go endAnyway(ctx, stop)
	status := dispatch(ctx, os.Args[1:], line.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	os.Exit(status)
}

// dispatch is assay without the process around it: it returns the exit status.
func dispatch(ctx context.Context, args []string, s line.Streams) int {
	return line.Dispatch(ctx, commands(), args, s)
}

// commands lists every subcommand in the order in which help shows them.
func commands() []line.Command {
	return []line.Command{
		doctorCommand(),
		runCommand(),
		adviseCommand(),
		predictCommand(),
		fitCommand(),
		planCommand(),
		kept.Diff(),
		kept.Trend(),
		kept.Report(),
		kept.Site(),
		kept.List(),
		kept.Show(),
		kept.Tag(),
		kept.Remove(),
		nightlyCommand(),
		modelsCommand(),
		inspectCommand(),
		compareCommand(),
		bisectCommand(),
		buildCommand(),
		synthCommand(),
		typesCommand(),
		schemaCommand(),
		libsCommand(),
		kept.Import(),
		kept.Export(),
		workerCommand(),
	}
}
