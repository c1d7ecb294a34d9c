package main

import (
	"context"
	"flag"
	"fmt"

	"assay/cmd/assay/line"
	"assay/cmd/assay/show"
	"assay/harness/failure"
	"assay/harness/model"
	"assay/harness/runtimes"
	"assay/predict/machines"
	"assay/results"
)

const inspectHelp = `
Reads the architecture from a GGUF, a Hugging Face folder or config.json, a hub,
Ollama, a preset or your own YAML, and says what follows: parameters by part,
weights by type, KV cache by context length, attention and its saving,
operations by length. Nothing is run and no weights are read. Cache and work are
llama.cpp's, or with --runtime mlx mlx-lm's.

examples:
  assay inspect preset:gemma-3-12b
  assay inspect model.gguf --provenance --plot figures
  assay inspect preset:qwen2.5-14b --runtime mlx --kv-bits 8
  assay inspect preset:llama-3.1-8b --chip M4Max-40 --train-tokens 15e12
`

// inspectFlags are the flags of inspect and compare.
type inspectFlags struct {
	contexts   *line.List[int]
	settings   *line.CaseSettings
	opt        model.Options
	chip       string
	plots      string
	fs         *flag.FlagSet
	asJSON     bool
	provenance bool
	train      float64
}

func newInspectFlags(fs *flag.FlagSet) *inspectFlags {
	o := &inspectFlags{fs: fs, contexts: line.Numbers()}
	fs.Var(o.contexts, "c", "context `lengths` to tabulate (default: up to the model's own)")
	o.settings = line.NewCaseSettings(fs, results.KindPlan, append([]string{"n_ctx"}, line.CountSettings()...)...)
	fs.StringVar(&o.opt.Runtime, "runtime", "", line.RuntimeUsage)
	fs.StringVar(&o.opt.WeightType, "weight-type", "", "`type` of the weights where only facts are known (default f16)")
	fs.StringVar(&o.chip, "chip", "", "`chip` whose memory bounds the tokens per second, such as M4Max-40")
	fs.StringVar(&o.plots, "plot", "", "write parameters, KV cache and operations as SVG into this `folder`")
	fs.BoolVar(&o.asJSON, "json", false, "print as JSON")
	return o
}

// plot draws models over the lengths that were asked for; a single length makes
// no line and gives way to those up to each model's own.
func (o *inspectFlags) plot(ctx context.Context, s line.Streams, refs []string) error {
	if o.plots == "" {
		return nil
	}
	if err := line.TakesFolder(o.plots); err != nil {
		return err
	}
	if len(o.contexts.Values) == 1 {
		o.contexts.Values = nil
	}
	o.opt.Curve = true
	var models []model.Inspection
	for _, ref := range refs {
		in, err := o.inspect(ctx, ref)
		if err != nil {
			return err
		}
		models = append(models, in)
	}
	paths, err := model.Plot(o.plots, models)
	for _, path := range paths {
		fmt.Fprintf(s.Err, "wrote %s\n", path)
	}
	return err
}

// choose settles the runtime for the models.
func (o *inspectFlags) choose(refs []string) error {
	if o.opt.Runtime == "" {
		o.opt.Runtime = runtimes.For(refs...)
	}
	return line.CheckFlags(o.fs, o.opt.Runtime)
}

func (o *inspectFlags) inspect(ctx context.Context, ref string) (model.Inspection, error) {
	o.opt.Contexts, o.opt.Case = o.contexts.Values, o.settings.Settled()
	if o.chip != "" {
		chip, err := machines.FindChip(o.chip, 0)
		if err != nil {
			return model.Inspection{}, failure.Input(err)
		}
		o.opt.Chip = &chip
	}
	return model.Inspect(ctx, ref, o.opt)
}

func inspectCommand() line.Command {
	return line.Command{
		Name: "inspect", Args: "MODEL", Does: "what a model is and what follows from it", Help: inspectHelp,
		Setup: func(fs *flag.FlagSet) line.Action {
			o := newInspectFlags(fs)
			fs.BoolVar(&o.provenance, "provenance", false, "say where each fact came from")
			fs.Float64Var(&o.train, "train-tokens", 0, "estimate what training on so many `tokens` cost")
			return func(ctx context.Context, s line.Streams, args []string) error {
				ref, err := line.OneModel("inspect", args)
				if err != nil {
					return err
				}
				if !(o.train >= 0) {
					return line.Usagef("--train-tokens %g must be a number of tokens", o.train)
				}
				if err := o.choose(args); err != nil {
					return err
				}
				in, err := o.inspect(ctx, ref)
				if err != nil {
					return err
				}
				if o.asJSON {
					err = show.JSON(s.Out, in)
				} else {
					show.Inspection(s.Out, in, show.Detail{TrainTokens: o.train, Provenance: o.provenance})
				}
				if err != nil {
					return err
				}
				return o.plot(ctx, s, args)
			}
		},
	}
}
