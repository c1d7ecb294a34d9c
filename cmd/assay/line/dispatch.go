package line

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"assay/harness/failure"
)

// Dispatch is assay without the process around it: it runs the command that the
// first argument names and returns the exit status.
func Dispatch(ctx context.Context, commands []Command, args []string, s Streams) int {
	s.Err = &lines{to: s.Err}
	commands = append(slices.Clip(commands), completion(commands), versionCommand())
	switch {
	case len(args) == 2 && args[0] == "help" && args[1] == "--man":
		printMan(s.Out, commands)
		return 0
	case len(args) > 1 && args[0] == "help" && !isHelp(args[1]):
		args = []string{args[1], "--help"}
	case len(args) == 0 || isHelp(args[0]):
		printCommands(s.Out, commands)
		return 0
	case strings.TrimLeft(args[0], "-") == "version":
		args = append([]string{"version"}, args[1:]...)
	}
	var names []string
	for _, c := range commands {
		if c.Name == args[0] {
			return report(c, c.run(ctx, args[1:], s), s)
		}
		if !c.Hidden {
			names = append(names, c.Name)
		}
	}
	fmt.Fprintf(s.Err, "assay: there is no command %q%s; 'assay help' lists them\n", args[0], didYouMean(args[0], strings.Clone, names))
	return StatusUsage
}

func isHelp(arg string) bool {
	return arg == "help" || arg == "-h" || arg == "-help" || arg == "--help"
}

// run parses flags wherever they stand among the arguments, then acts.
func (c Command) run(ctx context.Context, args []string, s Streams) error {
	fs := flag.NewFlagSet(c.Name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	act := c.Setup(fs)
	if len(args) == 1 && args[0] == "help" && !there("help") {
		args = []string{"--help"}
	}
	words, err := parseInterspersed(fs, Pasted(fs, args))
	if errors.Is(err, flag.ErrHelp) {
		c.printHelp(s.Out, fs)
		return nil
	}
	if err != nil {
		return failure.Input(fmt.Errorf("%w; see 'assay %s --help'", unknownFlag(fs, err), c.Name))
	}
	return act(ctx, s, words)
}

// there reports whether a word is a file or a folder here.
func there(word string) bool {
	_, err := os.Stat(word)
	return err == nil
}

// switches are the values of a switch as llama-bench takes them.
var switches = regexp.MustCompile(`^[01](,[01])*$`)

// Pasted are arguments as the flag package reads them: long flags with dashes, where
// llama-bench allows --n_prompt, and the value of a switch, -nkvo 0,1, behind a sign.
func Pasted(fs *flag.FlagSet, args []string) []string {
	var out []string
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			return append(out, args[i:]...)
		}
		name, value, given := strings.Cut(arg, "=")
		if strings.HasPrefix(arg, "--") {
			if name = strings.ReplaceAll(name, "_", "-"); given {
				arg = name + "=" + value
			} else {
				arg = name
			}
		}
		f := fs.Lookup(strings.TrimLeft(name, "-"))
		if f != nil && strings.HasPrefix(name, "-") && !given && i+1 < len(args) && isSwitch(f.Value) && switches.MatchString(args[i+1]) {
			i++
			arg += "=" + args[i]
		}
		out = append(out, arg)
	}
	return out
}

// isSwitch reports whether a flag is that of a setting that is on or off.
func isSwitch(v flag.Value) bool {
	switch v := v.(type) {
	case *List[any]:
		return v.IsBoolFlag()
	case *settingValue:
		return v.IsBoolFlag()
	}
	return false
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
