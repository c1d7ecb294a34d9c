package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/harness/model"
	"assay/harness/runtimes"
	"assay/predict/machines"
	"assay/results/figure"
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
	contexts   *list[int]
	opt        model.Options
	chip       string
	plots      string
	fs         *flag.FlagSet
	asJSON     bool
	provenance bool
	train      float64
}

func newInspectFlags(fs *flag.FlagSet) *inspectFlags {
	o := &inspectFlags{fs: fs, contexts: numbers()}
	fs.Var(o.contexts, "c", "context `lengths` to tabulate (default: up to the model's own)")
	mlxCacheFlags(fs, &o.opt.Case)
	fs.StringVar(&o.opt.Runtime, "runtime", "", runtimeUsage)
	fs.StringVar(&o.opt.Case.TypeK, "ctk", "f16", "`type` of the K cache")
	fs.StringVar(&o.opt.Case.TypeV, "ctv", "f16", "`type` of the V cache")
	fs.StringVar(&o.opt.WeightType, "weight-type", "", "`type` of the weights where only facts are known (default f16)")
	fs.StringVar(&o.chip, "chip", "", "`chip` whose memory bounds the tokens per second, such as M4Max-40")
	fs.StringVar(&o.plots, "plot", "", "write parameters, KV cache and operations as SVG into this `folder`")
	fs.BoolVar(&o.asJSON, "json", false, "print as JSON")
	return o
}

// plot draws models over the lengths that were asked for; a single length makes
// no line and gives way to those up to each model's own.
func (o *inspectFlags) plot(ctx context.Context, s streams, refs []string) error {
	if o.plots == "" {
		return nil
	}
	if len(o.contexts.values) == 1 {
		o.contexts.values = nil
	}
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
		fmt.Fprintf(s.err, "wrote %s\n", path)
	}
	return err
}

// choose settles the runtime for the models.
func (o *inspectFlags) choose(refs []string) error {
	if o.opt.Runtime == "" {
		o.opt.Runtime = runtimes.For(refs...)
	}
	return checkFlags(o.fs, o.opt.Runtime)
}

func (o *inspectFlags) inspect(ctx context.Context, ref string) (model.Inspection, error) {
	o.opt.Contexts = o.contexts.values
	if o.chip != "" {
		chip, err := machines.FindChip(o.chip, 0)
		if err != nil {
			return model.Inspection{}, usageError{err}
		}
		o.opt.Chip = &chip
	}
	return model.Inspect(ctx, ref, o.opt)
}

func inspectCommand() command {
	return command{
		name: "inspect", args: "MODEL", does: "what a model is and what follows from it", help: inspectHelp,
		setup: func(fs *flag.FlagSet) action {
			o := newInspectFlags(fs)
			fs.BoolVar(&o.provenance, "provenance", false, "say where each fact came from")
			fs.Float64Var(&o.train, "train-tokens", 0, "estimate what training on so many `tokens` cost")
			return func(ctx context.Context, s streams, args []string) error {
				ref, err := oneModel("inspect", args)
				if err != nil {
					return err
				}
				if !(o.train >= 0) {
					return usagef("--train-tokens %g must be a number of tokens", o.train)
				}
				if err := o.choose(args); err != nil {
					return err
				}
				in, err := o.inspect(ctx, ref)
				if err != nil {
					return err
				}
				if o.asJSON {
					err = printJSON(s.out, in)
				} else {
					printInspection(s.out, in, o)
				}
				if err != nil {
					return err
				}
				return o.plot(ctx, s, args)
			}
		},
	}
}

func printInspection(w io.Writer, in model.Inspection, o *inspectFlags) {
	f := in.Facts
	fmt.Fprintf(w, "%s\n", safe(f.Name))
	field(w, "family", orDash(f.Family)+" (model type "+orDash(f.ModelType)+")")
	field(w, "layers", fmt.Sprint(len(f.Layers)))
	field(w, "hidden", fmt.Sprint(f.Hidden))
	field(w, "vocab", fmt.Sprint(f.Vocab))
	field(w, "context", fmt.Sprint(f.ContextLength))
	printAttention(w, in)
	printParams(w, in)
	printWeights(w, in)
	printByLength(w, in)
	if o.train > 0 {
		fmt.Fprintf(w, "\nTraining on %.3g tokens: about %.3g operations\n(3 × 2 × active parameters × tokens)\n",
			o.train, o.train*float64(in.TrainingFLOPsPerToken))
	}
	printContradictions(w, in)
	for _, u := range f.Unknown {
		fmt.Fprintln(w, wrapped("not known: "+safe(u), "  "))
	}
	if o.provenance {
		printProvenance(w, in)
	}
}

func printAttention(w io.Writer, in model.Inspection) {
	for _, l := range in.Facts.Layers {
		a := l.Attention
		if a == nil {
			continue
		}
		field(w, "heads", fmt.Sprintf("%d query, %d KV, head_dim %d", a.Heads, a.KVHeads, a.KeyDim))
		break
	}
	field(w, "caches", caches(in))
	field(w, "sharing", sharing(in))
}

// caches counts the layers by how they keep what they have seen.
func caches(in model.Inspection) string {
	var classes []string
	for _, name := range sortedKeys(in.CacheClasses) {
		classes = append(classes, fmt.Sprintf("%d %s", in.CacheClasses[name], name))
	}
	return strings.Join(classes, ", ")
}

// sharing names the kind of attention and what it saves of the cache.
func sharing(in model.Inspection) string {
	if in.IfMHA == 1 {
		return in.Sharing
	}
	return fmt.Sprintf("%s, %.1f times smaller than MHA", in.Sharing, in.IfMHA)
}

func printParams(w io.Writer, in model.Inspection) {
	if in.Total == 0 {
		return // neither weights nor a known layout: named below
	}
	fmt.Fprint(w, "\nParameters\n")
	t := newTable(w, table.Row{"part", "parameters", "share", "active", "bytes"}, "parameters", "share", "active", "bytes")
	known := false // by part, as MLX's are not
	for _, p := range in.Params {
		known = known || p.Bytes != nil
		t.AppendRow(table.Row{p.Part, p.Params, share(p.Params, in.Total), p.Active, bytesOf(p.Bytes)})
	}
	t.AppendRow(table.Row{"total", in.Total, "", in.Active, bytesOf(in.WeightBytes)})
	t.leaveOut("bytes", !known)
	t.Render()
	if !known && in.WeightBytes != nil {
		fmt.Fprintf(w, "  %s of weights\n", bytesOf(in.WeightBytes))
	}
}

func share(part, whole int64) string {
	return figure.Percent(float64(part) / float64(max(whole, 1)))
}

func printWeights(w io.Writer, in model.Inspection) {
	if len(in.Mix)+len(in.As) == 0 {
		return
	}
	fmt.Fprint(w, "\nWeights by type\n")
	if len(in.As) > 0 {
		t := newTable(w, table.Row{"all matrices as", "bits/element", "bytes"}, "bits/element", "bytes")
		for _, a := range in.As {
			t.AppendRow(table.Row{a.Type, fmt.Sprintf("%.4g", a.BitsPerElement), figure.Bytes(a.Bytes)})
		}
		t.Render()
	}
	if len(in.Mix) == 0 {
		return
	}
	var mix []string
	for _, m := range in.Mix {
		mix = append(mix, fmt.Sprintf("%s %s in %d tensors", m.Type, figure.Bytes(m.Bytes), m.Tensors))
	}
	whose := "as predicted for"
	if in.Stored {
		whose = "as the file has them"
	}
	fmt.Fprintln(w, wrapped(whose+": "+strings.Join(mix, ", "), "  "))
	if in.Draft > 0 {
		fmt.Fprintln(w, wrapped(fmt.Sprintf("beside these %d parameters for multi-token prediction, which the total and llama.cpp leave out", in.Draft), "  "))
	}
}

// column is one column of a table by context length.
type column struct {
	name  string
	shown bool
	value func(i int) string
}

func printByLength(w io.Writer, in model.Inspection) {
	until := ""
	if windowed(in) {
		until = " until a window is full"
	}
	fmt.Fprintf(w, "\nKV cache in %s (%s a token%s)\n", in.Runtime, figure.Bytes(in.TokenBytes), until)
	printColumns(w, len(in.Cache), cacheColumns(in))
	printCacheKinds(w, in.Cache[len(in.Cache)-1])
	if len(in.Work) == 0 {
		return
	}
	fmt.Fprint(w, "\nWork of a prompt, and of one token after it\n")
	printColumns(w, len(in.Work), workColumns(in))
}

func printColumns(w io.Writer, rows int, columns []column) {
	columns = slices.DeleteFunc(columns, func(c column) bool { return !c.shown })
	header, right := table.Row{}, []string{}
	for _, c := range columns {
		header, right = append(header, c.name), append(right, c.name)
	}
	t := newTable(w, header, right...)
	for i := range rows {
		row := table.Row{}
		for _, c := range columns {
			row = append(row, c.value(i))
		}
		t.AppendRow(row)
	}
	t.Render()
}

// windowed reports whether layers of the model keep a window's tokens alone.
func windowed(in model.Inspection) bool {
	return slices.ContainsFunc(in.Cache, func(c model.CacheAt) bool { return c.Windowed > 0 })
}

// cacheColumns have the peak and the next step of a cache that grows with the
// tokens.
func cacheColumns(in model.Inspection) []column {
	last := in.Cache[len(in.Cache)-1]
	return []column{
		{"tokens", true, func(i int) string { return fmt.Sprint(in.Cache[i].Context) }},
		{"KV cache", true, func(i int) string { return figure.Bytes(in.Cache[i].Bytes) }},
		{"windowed", windowed(in), func(i int) string { return figure.Bytes(in.Cache[i].Windowed) }},
		{"peak", last.Peak != nil, func(i int) string { return bytesOf(in.Cache[i].Peak) }},
		{"next token", last.Next != nil, func(i int) string { return "+" + bytesOf(in.Cache[i].Next) }},
	}
}

func workColumns(in model.Inspection) []column {
	return []column{
		{"tokens", true, func(i int) string { return fmt.Sprint(in.Work[i].Tokens) }},
		{"prefill FLOPs", true, func(i int) string { return opsOf(&in.Work[i].Prefill) }},
		{"one token", true, func(i int) string { return opsOf(&in.Work[i].Decode) }},
		{"moves", true, func(i int) string { return figure.Bytes(in.Work[i].DecodeBytes) }},
		{"max tok/s", len(in.Ceiling) > 0, func(i int) string { return figure.Rate(in.Ceiling[i].TokensPerSecond) }},
	}
}

// printCacheKinds shows what the layers of each kind keep.
func printCacheKinds(w io.Writer, at model.CacheAt) {
	fmt.Fprintf(w, "\nCache at %d tokens by kind of layer\n", at.Context)
	t := newTable(w, table.Row{"kind", "layers", "cells", "a layer", "a cell"}, "layers", "cells", "a layer", "a cell")
	for _, k := range at.Kinds {
		t.AppendRow(table.Row{k.Class, k.Layers, k.Cells, figure.Bytes(k.LayerBytes), figure.Bytes(k.CellBytes)})
	}
	t.Render()
}

func printContradictions(w io.Writer, in model.Inspection) {
	for _, c := range in.Facts.Contradictions {
		fmt.Fprintf(w, "\ncontradiction: %s is %s by %s, %s by %s; the first is taken: %s\n",
			c.Field, safe(c.Kept), safe(c.KeptBy), safe(c.Dropped), safe(c.DropBy), safe(c.Why))
	}
}

func printProvenance(w io.Writer, in model.Inspection) {
	fmt.Fprint(w, "\nWhere the facts came from\n")
	t := newTable(w, table.Row{"fact", "origin", "detail"})
	wrapColumn(t, "detail", 42)
	for _, name := range sortedKeys(in.Facts.Provenance) {
		p := in.Facts.Provenance[name]
		t.AppendRow(table.Row{name, p.Origin, safe(p.Detail)})
	}
	t.Render()
}
