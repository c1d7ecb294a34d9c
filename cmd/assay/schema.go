package main

import (
	"context"
	"flag"

	"assay/cmd/assay/line"
	"assay/cmd/assay/show"
	"assay/harness/suite"
	"assay/results/schema"
)

const schemaHelp = `
Prints the JSON Schema of a record, which is a line of a run's file, or of a
suite, with which editors complete and check one.

examples:
  assay schema record > record.schema.json
  assay schema suite > suite.schema.json
`

func schemaCommand() line.Command {
	return line.Command{
		Name: "schema", Args: "record | suite", Does: "the JSON Schema of records or of suites", Help: schemaHelp,
		Setup: func(*flag.FlagSet) line.Action {
			return func(_ context.Context, s line.Streams, args []string) error {
				all := map[string]func() schema.Node{"record": schema.Record, "suite": suite.Schema}
				if len(args) != 1 || all[args[0]] == nil {
					return line.Usagef("schema takes record or suite, not %q", args)
				}
				return show.JSON(s.Out, all[args[0]]())
			}
		},
	}
}
