package line

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"assay/results"
)

const completionHelp = `
Writes the script with which a shell completes assay's commands and flags.

examples:
  assay completion bash > /etc/bash_completion.d/assay
  assay completion zsh > "${fpath[1]}/_assay"
  assay completion fish > ~/.config/fish/completions/assay.fish
`

// completion is the command that completes the others.
func completion(commands []Command) Command {
	return Command{
		Name: "completion", Args: "SHELL",
		Does: "completes commands and flags in bash, zsh or fish",
		Help: completionHelp,
		Setup: func(*flag.FlagSet) Action {
			return func(_ context.Context, s Streams, args []string) error {
				if len(args) != 1 {
					return Usagef("completion takes one shell: bash, fish or zsh")
				}
				return complete(s.Out, args[0], commands)
			}
		},
	}
}

// complete writes a shell's script that completes commands and their flags.
func complete(w io.Writer, shell string, commands []Command) error {
	commands = slices.DeleteFunc(slices.Clone(commands), func(c Command) bool { return c.Hidden })
	write, ok := map[string]func([]Command) string{"bash": bash, "fish": fish, "zsh": zsh}[shell]
	if !ok {
		return Usagef("completion is written for bash, fish and zsh, not for %q", shell)
	}
	_, err := io.WriteString(w, write(commands))
	return err
}

// flagsOf are a command's flags as they are written, without other tools'.
func (c Command) flagsOf() (flags []*flag.Flag) {
	fs := flag.NewFlagSet(c.Name, flag.ContinueOnError)
	c.Setup(fs)
	fs.VisitAll(func(f *flag.Flag) {
		if !isForeign(f.Name) {
			flags = append(flags, f)
		}
	})
	return flags
}

func (c Command) flagWords() string {
	words := []string{"--help"}
	for _, f := range c.flagsOf() {
		words = append(words, results.Dashed(f.Name))
	}
	return strings.Join(words, " ")
}

func namesIn(commands []Command) string {
	words := []string{"help"}
	for _, c := range commands {
		words = append(words, c.Name)
	}
	return strings.Join(words, " ")
}

func bash(commands []Command) string {
	var out strings.Builder
	fmt.Fprintf(&out, `# assay completion bash > /etc/bash_completion.d/assay
_assay() {
  local cur=${COMP_WORDS[COMP_CWORD]} flags=
  if [ "$COMP_CWORD" -eq 1 ] || [ "$COMP_CWORD" -eq 2 -a "${COMP_WORDS[1]}" = help ]; then
    COMPREPLY=($(compgen -W "%s" -- "$cur"))
    return
  fi
  case "${COMP_WORDS[1]}" in
`, namesIn(commands))
	for _, c := range commands {
		fmt.Fprintf(&out, "  %s) flags=\"%s\" ;;\n", c.Name, c.flagWords())
	}
	out.WriteString(`  esac
  case "$cur" in
  -*) COMPREPLY=($(compgen -W "$flags" -- "$cur")) ;;
  *) COMPREPLY=($(compgen -f -- "$cur")) ;;
  esac
}
complete -o filenames -F _assay assay
`)
	return out.String()
}

func zsh(commands []Command) string {
	var out strings.Builder
	fmt.Fprintf(&out, `#compdef assay
# assay completion zsh > "${fpath[1]}/_assay"
_assay() {
  local flags=
  if (( CURRENT == 2 )) || { (( CURRENT == 3 )) && [[ $words[2] == help ]] }; then
    compadd -- %s
    return
  fi
  case $words[2] in
`, namesIn(commands))
	for _, c := range commands {
		fmt.Fprintf(&out, "  %s) flags='%s' ;;\n", c.Name, c.flagWords())
	}
	out.WriteString(`  esac
  if [[ $PREFIX == -* ]]; then
    compadd -- ${=flags}
  else
    _files
  fi
}
if [ "$funcstack[1]" = _assay ]; then _assay "$@"; else compdef _assay assay; fi
`)
	return out.String()
}

func fish(commands []Command) string {
	var out strings.Builder
	out.WriteString("# assay completion fish > ~/.config/fish/completions/assay.fish\n")
	for _, c := range commands {
		fmt.Fprintf(&out, "complete -c assay -n __fish_use_subcommand -f -a %s -d %s\n", c.Name, fishQuoted(c.Does))
		for _, f := range c.flagsOf() {
			kind := "l"
			if dashed := results.Dashed(f.Name); len(f.Name) == 1 {
				kind = "s"
			} else if !strings.HasPrefix(dashed, "--") {
				kind = "o"
			}
			_, usage := flag.UnquoteUsage(f)
			fmt.Fprintf(&out, "complete -c assay -n '__fish_seen_subcommand_from %s' -%s %s -d %s\n", c.Name, kind, f.Name, fishQuoted(usage))
		}
	}
	return out.String()
}

func fishQuoted(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}
