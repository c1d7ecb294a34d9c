package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"path/filepath"

	"assay/cmd/assay/line"
	"assay/cmd/assay/show"
	"assay/harness/failure"
	"assay/harness/subject"
	"assay/predict/builder"
)

const buildHelp = `
Takes a model apart into layer classes, holds it against its tensors, the
predictors and public claims, and writes MODEL.json, MODEL.tensors.csv,
MODEL.validation.md, and MODEL.gap_NAME.md for each layer without a class. The
config is a model reference again. On a terminal it asks three times before it
writes anything. Exit status 4: a check failed; the report says which, and the
config is called MODEL.unvalidated.json and says "validated": false.

examples:
  assay build preset:llama-3.1-8b --expect-params 8e9 --expect-layers 32 --yes
  assay build ./model-folder --source https://arxiv.org/abs/2407.21783
  assay build preset:mixtral-8x7b --tp 4 --ep 8 --json
  assay build --layers
`

// buildFlags are what build is told.
type buildFlags struct {
	opt                       builder.Options
	out                       string
	yes, force, layers, print bool
}

func buildCommand() line.Command {
	return line.Command{
		Name: "build", Args: "MODEL", Does: "a validated model config, and reports on it", Help: buildHelp,
		Setup: func(fs *flag.FlagSet) line.Action {
			o := newBuildFlags(fs)
			return func(ctx context.Context, s line.Streams, args []string) error {
				if o.layers {
					if len(args) > 0 {
						return line.Usagef("--layers lists the classes of all models and takes none, have %q", args[0])
					}
					return show.Classes(s.Out, o.print)
				}
				ref, err := line.OneModel("build", args)
				if err != nil {
					return err
				}
				return build(ctx, s, ref, o)
			}
		},
	}
}

func newBuildFlags(fs *flag.FlagSet) *buildFlags {
	o := &buildFlags{}
	fs.Float64Var(&o.opt.Params, "expect-params", 0, "parameter `count` that was claimed in public, such as 70e9; 1 % off is allowed")
	fs.IntVar(&o.opt.Layers, "expect-layers", 0, "layer `count` that was claimed in public")
	fs.Func("source", "`address` of a paper, card or post to cite; may be given several times", func(text string) error {
		if text == "" {
			return fmt.Errorf("an empty address cites nothing")
		}
		o.opt.Sources = append(o.opt.Sources, text)
		return nil
	})
	fs.Int64Var(&o.opt.Parallel.Tensor, "tp", 1, "`devices` that share each layer (tensor parallelism)")
	fs.Int64Var(&o.opt.Parallel.Expert, "ep", 1, "`devices` that share the experts (expert parallelism)")
	fs.StringVar(&o.out, "out", ".", "`folder` to write into")
	fs.BoolVar(&o.yes, "yes", false, "write without asking")
	fs.BoolVar(&o.force, "force", false, "write over what is there")
	fs.BoolVar(&o.print, "json", false, "print the config as JSON and write nothing")
	fs.BoolVar(&o.layers, "layers", false, "list the layer classes")
	return o
}

func build(ctx context.Context, s line.Streams, ref string, o *buildFlags) error {
	facts, err := subject.Facts(ctx, ref)
	if err != nil {
		return err
	}
	m, err := builder.Build(facts, o.opt)
	if err != nil {
		return failure.Input(err)
	}
	if o.print {
		if err := show.JSON(s.Out, m.Config()); err != nil {
			return err
		}
		return buildVerdict(m)
	}
	if err := writeModel(ctx, s, m, o); err != nil {
		return err
	}
	return buildVerdict(m)
}

func buildVerdict(m builder.Model) error {
	if bad := m.Discrepancies(); len(bad) > 0 {
		return line.Refuted(fmt.Errorf("not validated: %d of %d checks failed, the first: %s: %s, but %s",
			len(bad), len(m.Checks), bad[0].Name, show.Safe(bad[0].Want), show.Safe(bad[0].Have)))
	}
	return nil
}

// writeModel shows what was found and writes it, once everything that asks has
// been answered.
func writeModel(ctx context.Context, s line.Streams, m builder.Model, o *buildFlags) error {
	files, err := m.Files()
	if err != nil {
		return err
	}
	if there := builder.Existing(o.out, files); there != "" && !o.force {
		return line.Usagef("%s is there already; --force writes over it, --out names another folder", there)
	}
	if !o.yes && !s.Interactive() {
		return line.Usagef("nobody is there to be asked, as this is no terminal; --yes writes without asking, --json only prints")
	}
	ask := line.NewAsker(s, o.yes)
	for _, step := range []struct {
		show     func(io.Writer, builder.Model)
		question string
		skip     bool
	}{
		{show.Findings, "Go on with these findings?", false},
		{show.Layers, fmt.Sprintf("Write %s?", filepath.Join(o.out, files[0].Name)), false},
		{show.Gaps, "Write these gap reports?", len(m.Gaps) == 0},
	} {
		if step.skip {
			continue
		}
		step.show(s.Out, m)
		if err := ask.Confirm(ctx, step.question); err != nil {
			return err
		}
	}
	if err := builder.WriteFiles(o.out, files, o.force); err != nil {
		return err
	}
	for _, f := range files {
		fmt.Fprintf(s.Out, "wrote %s\n", filepath.Join(o.out, f.Name))
	}
	return nil
}
