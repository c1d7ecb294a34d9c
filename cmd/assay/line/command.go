// Package line is the command line below the commands: streams, flags that take
// lists, exit statuses, help, and what was meant by a word that does not exist. It
// does not know any command.
package line

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"assay/cmd/assay/show"
	"assay/results"
)

// Action is a command with its flags parsed; args are the words that are not flags.
type Action func(ctx context.Context, s Streams, args []string) error

// Command is one subcommand. setup declares its flags and returns what to do
// once they are parsed.
type Command struct {
	Name string
	Args string // what follows the flags: "MODEL", "[SUITE.yaml]"
	Does string // one line, as in the list of commands
	Help string // paragraphs and examples, shown by --help after does
	// hidden commands are called by assay itself.
	Hidden bool
	Setup  func(fs *flag.FlagSet) Action
}

func (c Command) printHelp(w io.Writer, fs *flag.FlagSet) {
	fmt.Fprintf(w, "assay %s: %s\n\nusage: %s\n", c.Name, c.Does, strings.TrimSpace("assay "+c.Name+" [flags] "+c.Args))
	if c.Help != "" {
		fmt.Fprintf(w, "\n%s\n", strings.TrimSpace(c.Help))
	}
	for _, group := range flagGroups(fs) {
		fmt.Fprintf(w, "\n%s:\n%s", group.heading, group.text)
	}
}

// flagGroup is a part of help: the flags of every runtime, or of one.
type flagGroup struct{ heading, text string }

// flagGroups are what the flag package prints of the flags, with two dashes where users
// write two, without those that are other names, and each runtime's together.
func flagGroups(fs *flag.FlagSet) []flagGroup {
	var printed strings.Builder
	fs.SetOutput(&printed)
	fs.PrintDefaults()
	texts, order := map[string]string{}, []string{""}
	hidden, owner := false, ""
	for line := range strings.Lines(printed.String()) {
		if rest, ok := strings.CutPrefix(line, "  -"); ok {
			name := rest[:strings.IndexAny(rest, " \t\n")]
			hidden, owner = isAlias(name), ownerOf(name)
			if !slices.Contains(order, owner) && !hidden {
				order = append(order, owner)
			}
			line = "  " + results.Dashed(name) + strings.TrimPrefix(rest, name)
		}
		// The flag package puts what a flag does behind a tab, in one line.
		if text, ok := strings.CutPrefix(line, "    \t"); ok {
			line = show.Wrapped(strings.TrimSpace(text), "        ") + "\n"
		}
		if !hidden {
			texts[owner] += line
		}
	}
	slices.Sort(order[1:])
	var groups []flagGroup
	for _, owner := range order {
		heading := "flags"
		if owner != "" {
			heading = "flags of " + owner
		}
		if texts[owner] != "" {
			groups = append(groups, flagGroup{heading, texts[owner]})
		}
	}
	return groups
}

// ownerOf is the one runtime that has a flag's setting, or is empty.
func ownerOf(name string) string {
	for _, s := range results.Settings {
		if s.Flag == name && len(s.Known) == 1 {
			return s.Owner()
		}
	}
	return ""
}

// firstSteps stand above everything: what people come for.
const firstSteps = `assay measures local LLM runtimes and sets each figure beside its prediction.

examples:
  assay run -m model.gguf            measures a model, in llama-bench's flags
  assay models                       the models that this machine has
  assay predict preset:llama-3.1-8b  what a model would take, without running it
  assay diff latest~1 latest         what moved since the run before

usage: assay COMMAND [flags] [arguments]

`

func printCommands(w io.Writer, commands []Command) {
	fmt.Fprint(w, firstSteps)
	for _, c := range commands {
		if !c.Hidden {
			fmt.Fprintf(w, "  %-10s %s\n", c.Name, c.Does)
		}
	}
	fmt.Fprint(w, "\n'assay help COMMAND' shows its flags and examples.\n"+
		"Exit status: 0 done, 1 something failed, 2 bad usage or unreadable input,\n"+
		"3 no usable runtime, 4 a regression or a refuted prediction.\n")
}
