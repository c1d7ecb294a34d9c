package main

import (
	"context"
	"flag"
	"fmt"

	"assay/cmd/assay/line"
	"assay/cmd/assay/show"
	"assay/harness/model"
	"assay/harness/runtime"
	"assay/harness/subject"
)

const synthHelp = `
A skeleton has random weights and exact shapes: a runtime loads it and allocates
and computes what it would for the model. 'kv' keeps what the KV cache depends
on and shrinks the rest, 'full' keeps every shape, 'sparse' has every shape and
no data, for plans.

examples:
  assay synth preset:gemma-3-12b --skeleton kv --out gemma-kv.gguf
  assay synth preset:smollm2-135m --weight-type q4_0 --out smollm.gguf
  assay synth preset:qwen2.5-0.5b --runtime mlx --out qwen-folder
`

func synthCommand() line.Command {
	return line.Command{
		Name: "synth", Args: "MODEL", Does: "writes a skeleton: a GGUF, or a Hugging Face folder", Help: synthHelp,
		Setup: func(fs *flag.FlagSet) line.Action {
			kind := fs.String("skeleton", runtime.SkeletonFull, "`kind`: kv, full or sparse")
			weights := fs.String("weight-type", "", "`type` of the matrices (default f16)")
			rt := fs.String("runtime", "llama.cpp", "`runtime` to write for: llama.cpp (GGUF) or mlx (folder)")
			out := fs.String("out", "", "`file` or folder to write; needed")
			force := fs.Bool("force", false, "write over what is there")
			return func(ctx context.Context, s line.Streams, args []string) error {
				ref, err := line.OneModel("synth", args)
				if err != nil {
					return err
				}
				if *out == "" {
					return line.Usagef("--out names the file to write; there is no default")
				}
				f, err := model.Synth(ctx, subject.Ask{Ref: ref, Runtime: *rt, WeightType: *weights, Skeleton: *kind}, *out, *force)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(s.Out, "%s: %s, %d layers, hidden %d, vocabulary %d\n", *out, show.Safe(f.Name), len(f.Layers), f.Hidden, f.Vocab)
				return err
			}
		},
	}
}
