package show

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/harness/model"
	"assay/results/figure"
)

// Detail is what is shown of a model besides the usual.
type Detail struct {
	// TrainTokens is a length of training to estimate; 0 is none.
	TrainTokens float64
	Provenance  bool
}

// Inspection prints what follows from a model's facts.
func Inspection(w io.Writer, in model.Inspection, d Detail) {
	f := in.Facts
	fmt.Fprintf(w, "%s\n", Safe(f.Name))
	if in.Memory != nil {
		fmt.Fprintln(w, Wrapped(fmt.Sprintf("needs %s (%s at n_ctx %d)", in.Memory, in.Runtime, in.MemoryContext), "  "))
	}
	Field(w, "family", orDash(f.Family)+" (model type "+orDash(f.ModelType)+")")
	Field(w, "layers", fmt.Sprint(len(f.Layers)))
	Field(w, "hidden", fmt.Sprint(f.Hidden))
	Field(w, "vocab", fmt.Sprint(f.Vocab))
	Field(w, "context", fmt.Sprint(f.ContextLength))
	printAttention(w, in)
	printParams(w, in)
	printWeights(w, in)
	printByLength(w, in)
	if d.TrainTokens > 0 {
		fmt.Fprintf(w, "\nTraining on %.3g tokens: about %.3g operations\n(3 × 2 × active parameters × tokens)\n",
			d.TrainTokens, d.TrainTokens*float64(in.TrainingFLOPsPerToken))
	}
	printContradictions(w, in)
	for _, u := range f.Unknown {
		fmt.Fprintln(w, Wrapped("not known: "+Safe(u), "  "))
	}
	if d.Provenance {
		printProvenance(w, in)
	}
}

func printAttention(w io.Writer, in model.Inspection) {
	for _, l := range in.Facts.Layers {
		a := l.Attention
		if a == nil {
			continue
		}
		Field(w, "heads", fmt.Sprintf("%d query, %d KV, head_dim %d", a.Heads, a.KVHeads, a.KeyDim))
		break
	}
	Field(w, "caches", caches(in))
	Field(w, "sharing", sharing(in))
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
	t := NewTable(w, table.Row{"part", "parameters", "share", "active", "bytes"}, "parameters", "share", "active", "bytes")
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
		t := NewTable(w, table.Row{"all matrices as", "bits/element", "bytes"}, "bits/element", "bytes")
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
	fmt.Fprintln(w, Wrapped(whose+": "+strings.Join(mix, ", "), "  "))
	if in.Draft > 0 {
		fmt.Fprintln(w, Wrapped(fmt.Sprintf("beside these %d parameters for multi-token prediction, which the total and llama.cpp leave out",
			in.Draft), "  "))
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
	t := NewTable(w, header, right...)
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
	t := NewTable(w, table.Row{"kind", "layers", "cells", "a layer", "a cell"}, "layers", "cells", "a layer", "a cell")
	for _, k := range at.Kinds {
		t.AppendRow(table.Row{k.Class, k.Layers, k.Cells, figure.Bytes(k.LayerBytes), figure.Bytes(k.CellBytes)})
	}
	t.Render()
}

func printContradictions(w io.Writer, in model.Inspection) {
	for _, c := range in.Facts.Contradictions {
		fmt.Fprintf(w, "\ncontradiction: %s is %s by %s, %s by %s; the first is taken: %s\n",
			c.Field, Safe(c.Kept), Safe(c.KeptBy), Safe(c.Dropped), Safe(c.DropBy), Safe(c.Why))
	}
}

func printProvenance(w io.Writer, in model.Inspection) {
	fmt.Fprint(w, "\nWhere the facts came from\n")
	t := NewTable(w, table.Row{"fact", "origin", "detail"})
	wrapColumn(t, "detail", 42)
	for _, name := range sortedKeys(in.Facts.Provenance) {
		p := in.Facts.Provenance[name]
		t.AppendRow(table.Row{name, p.Origin, Safe(p.Detail)})
	}
	t.Render()
}
