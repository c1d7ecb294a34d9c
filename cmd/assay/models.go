package main

import (
	"context"
	"flag"

	"assay/cmd/assay/line"
	"assay/cmd/assay/show"
	"assay/harness/model"
)

const modelsHelp = `
Lists the models in the hub's cache (HF_HOME), LM Studio's, llama.cpp's
(LLAMA_CACHE) and Ollama's folders, and here, with what to type for each.

examples:
  assay models
  assay run -m hf:bartowski/SmolLM2-135M-Instruct-GGUF:Q4_K_M
`

func modelsCommand() line.Command {
	return line.Command{
		Name: "models", Does: "the models that this machine has, and whether they fit", Help: modelsHelp,
		Setup: func(fs *flag.FlagSet) line.Action {
			asJSON := fs.Bool("json", false, "print as JSON")
			return func(ctx context.Context, s line.Streams, args []string) error {
				if len(args) > 0 {
					return line.Usagef("models takes no arguments, not %q", args)
				}
				all, err := model.AllHere(ctx)
				if err != nil {
					return err
				}
				if *asJSON {
					return show.JSON(s.Out, all)
				}
				show.Here(s.Out, all)
				return nil
			}
		},
	}
}
