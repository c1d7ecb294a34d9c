package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// streams are the standard streams of one invocation. Standard output is data;
// progress, hints and errors go to err.
type streams struct {
	in  io.Reader
	out io.Writer
	err io.Writer
}

// terminal reports whether standard error is one, so that progress is of use.
func (s streams) terminal() bool {
	f, ok := s.drawing().(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	return err == nil
}

// drawing is standard error for what moves a terminal's cursor.
func (s streams) drawing() io.Writer {
	if l, ok := s.err.(*lines); ok {
		return l.to
	}
	return s.err
}

// action is a command with its flags parsed; args are the words that are not flags.
type action func(ctx context.Context, s streams, args []string) error

// command is one subcommand. setup declares its flags and returns what to do
// once they are parsed.
type command struct {
	name string
	args string // what follows the flags: "MODEL", "[SUITE.yaml]"
	does string // one line, as in the list of commands
	help string // paragraphs and examples, shown by --help after does
	// hidden commands are called by assay itself.
	hidden bool
	setup  func(fs *flag.FlagSet) action
}

// commands lists every subcommand in the order in which help shows them.
func commands() []command {
	return []command{
		doctorCommand(),
		runCommand(),
		predictCommand(),
		fitCommand(),
		planCommand(),
		diffCommand(),
		trendCommand(),
		reportCommand(),
		nightlyCommand(),
		inspectCommand(),
		compareCommand(),
		buildCommand(),
		synthCommand(),
		libsCommand(),
		importCommand(),
		exportCommand(),
		versionCommand(),
		workerCommand(),
	}
}

// dispatch is assay without the process around it: it returns the exit status.
func dispatch(ctx context.Context, args []string, s streams) int {
	s.err = &lines{to: s.err}
	if len(args) == 0 || isHelp(args[0]) {
		printCommands(s.out)
		return 0
	}
	if args[0] == "help" && len(args) > 1 {
		args = []string{args[1], "--help"}
	}
	var names []string
	for _, c := range commands() {
		if c.name == args[0] {
			return report(c, c.run(ctx, args[1:], s), s)
		}
		if !c.hidden {
			names = append(names, c.name)
		}
	}
	fmt.Fprintf(s.err, "assay: there is no command %q%s; 'assay help' lists them\n", args[0], didYouMean(args[0], "", names))
	return statusUsage
}

func isHelp(arg string) bool {
	return arg == "help" || arg == "-h" || arg == "-help" || arg == "--help"
}

// run parses flags wherever they stand among the arguments, then acts.
func (c command) run(ctx context.Context, args []string, s streams) error {
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	act := c.setup(fs)
	words, err := parseInterspersed(fs, args)
	if errors.Is(err, flag.ErrHelp) {
		c.printHelp(s.out, fs)
		return nil
	}
	if err != nil {
		return usageError{fmt.Errorf("%w; see 'assay %s --help'", unknownFlag(fs, err), c.name)}
	}
	return act(ctx, s, words)
}

// parseInterspersed lets flags stand before and after the other words, which
// the flag package alone does not. "--" ends the flags.
func parseInterspersed(fs *flag.FlagSet, args []string) ([]string, error) {
	var words []string
	for {
		before := len(args)
		if err := fs.Parse(args); err != nil {
			return nil, err
		}
		rest := fs.Args()
		if len(rest) == 0 {
			return words, nil
		}
		if n := before - len(rest); n > 0 && args[n-1] == "--" {
			return append(words, rest...), nil
		}
		words, args = append(words, rest[0]), rest[1:]
	}
}

func printCommands(w io.Writer) {
	fmt.Fprint(w, "assay measures local LLM runtimes and sets each figure beside its prediction.\n\nusage: assay COMMAND [flags] [arguments]\n\n")
	for _, c := range commands() {
		if !c.hidden {
			fmt.Fprintf(w, "  %-10s %s\n", c.name, c.does)
		}
	}
	fmt.Fprint(w, "\n'assay COMMAND --help' shows its flags and examples.\n"+
		"Exit status: 0 done, 1 something failed, 2 bad usage or unreadable input,\n"+
		"3 no usable runtime, 4 a regression or a refuted prediction.\n")
}

func (c command) printHelp(w io.Writer, fs *flag.FlagSet) {
	fmt.Fprintf(w, "assay %s: %s\n\nusage: %s\n", c.name, c.does, strings.TrimSpace("assay "+c.name+" [flags] "+c.args))
	if c.help != "" {
		fmt.Fprintf(w, "\n%s\n", strings.TrimSpace(c.help))
	}
	var flags strings.Builder
	fs.SetOutput(&flags)
	fs.PrintDefaults()
	if flags.Len() > 0 {
		fmt.Fprint(w, "\nflags:\n")
		for line := range strings.Lines(flags.String()) {
			// The flag package puts what a flag does behind a tab, in one line.
			if text, ok := strings.CutPrefix(line, "    \t"); ok {
				line = wrapped(strings.TrimSpace(text), "        ") + "\n"
			}
			fmt.Fprint(w, line)
		}
	}
}
