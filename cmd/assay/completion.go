package main

import (
	"context"
	"flag"

	"assay/cmd/assay/line"
)

const completionHelp = `
Writes the script with which a shell completes assay's commands and flags.

examples:
  assay completion bash > /etc/bash_completion.d/assay
  assay completion zsh > "${fpath[1]}/_assay"
  assay completion fish > ~/.config/fish/completions/assay.fish
`

func completionCommand() line.Command {
	return line.Command{
		Name: "completion", Args: "SHELL",
		Does: "completes commands and flags in bash, zsh or fish",
		Help: completionHelp,
		Setup: func(*flag.FlagSet) line.Action {
			return func(_ context.Context, s line.Streams, args []string) error {
				if len(args) != 1 {
					return line.Usagef("completion takes one shell: bash, fish or zsh")
				}
				return line.Complete(s.Out, args[0], commands())
			}
		},
	}
}
