package show

import (
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"assay/harness/model"
	"assay/predict/arch"
	"assay/results/figure"
)

// comparedRows are what models are compared by, one row each.
var comparedRows = []struct {
	name  string
	value func(model.Inspection) string
}{
	{"runtime", func(in model.Inspection) string { return in.Runtime }},
	{"family", func(in model.Inspection) string { return orDash(in.Facts.Family) }},
	{"model type", func(in model.Inspection) string { return orDash(in.Facts.ModelType) }},
	{"layers", func(in model.Inspection) string { return fmt.Sprint(len(in.Facts.Layers)) }},
	{"hidden", func(in model.Inspection) string { return fmt.Sprint(in.Facts.Hidden) }},
	{"vocab", func(in model.Inspection) string { return fmt.Sprint(in.Facts.Vocab) }},
	{"parameters", func(in model.Inspection) string { return ifKnown(in, opsOf(&in.Total)) }},
	{"active", func(in model.Inspection) string { return ifKnown(in, opsOf(&in.Active)) }},
	{"experts", expertsUsed},
	{"weights", func(in model.Inspection) string { return bytesOf(in.WeightBytes) }},
	{"query heads", func(in model.Inspection) string {
		return ofAttention(in, func(a *arch.Attention) string { return fmt.Sprint(a.Heads) })
	}},
	{"attention", func(in model.Inspection) string { return fmt.Sprintf("%s ÷%.3g", in.Sharing, in.IfMHA) }},
	{"KV heads × dim", func(in model.Inspection) string {
		return ofAttention(in, func(a *arch.Attention) string { return fmt.Sprintf("%d × %d", a.KVHeads, a.KeyDim) })
	}},
	{"window", window},
	{"caches", caches},
	{"cache/token", func(in model.Inspection) string { return figure.Bytes(in.TokenBytes) }},
	{"n_ctx", func(in model.Inspection) string { return fmt.Sprint(in.Cache[0].Context) }},
	{"KV cache", func(in model.Inspection) string { return figure.Bytes(in.Cache[0].Bytes) }},
	{"of it windowed", func(in model.Inspection) string {
		if !windowed(in) {
			return "-"
		}
		return figure.Bytes(in.Cache[0].Windowed)
	}},
	{"prefill FLOPs", workOf(func(w model.WorkAt) string { return opsOf(&w.Prefill) })},
	{"FLOPs/token", workOf(func(w model.WorkAt) string { return opsOf(&w.Decode) })},
	{"bytes/token", workOf(func(w model.WorkAt) string { return figure.Bytes(w.DecodeBytes) })},
}

// workOf shows a figure of the work, or that it is not predicted.
func workOf(show func(model.WorkAt) string) func(model.Inspection) string {
	return func(in model.Inspection) string {
		if len(in.Work) == 0 {
			return "-"
		}
		return show(in.Work[0])
	}
}

// ofAttention is of the first layer with attention.
func ofAttention(in model.Inspection, of func(*arch.Attention) string) string {
	for _, l := range in.Facts.Layers {
		if l.Attention != nil {
			return of(l.Attention)
		}
	}
	return "-"
}

// ifKnown is a dash where neither weights nor a layout were there to count.
func ifKnown(in model.Inspection, text string) string {
	if in.Total == 0 {
		return "-"
	}
	return text
}

func expertsUsed(in model.Inspection) string {
	for _, l := range in.Facts.Layers {
		if ff := l.FeedForward; ff != nil && ff.Experts != nil {
			return fmt.Sprintf("%d of %d", ff.Experts.Used, ff.Experts.Count)
		}
	}
	return "-"
}

// window is that of the first layer which has one.
func window(in model.Inspection) string {
	for _, l := range in.Facts.Layers {
		if l.Attention != nil && l.Attention.Window > 0 {
			return fmt.Sprint(l.Attention.Window)
		}
	}
	return "-"
}

// Access says where each model's facts came from, fact by fact.
func Access(w io.Writer, models []model.Inspection) {
	facts := map[string]bool{}
	for _, in := range models {
		for name := range in.Facts.Provenance {
			facts[name] = true
		}
	}
	fmt.Fprint(w, "\nWhere the facts came from\n")
	for _, name := range sortedKeys(facts) {
		fmt.Fprintln(w, name)
		for _, in := range models {
			p, ok := in.Facts.Provenance[name]
			if !ok {
				p = arch.Provenance{Origin: "-", Detail: "not stated"}
			}
			fmt.Fprintln(w, Wrapped(fmt.Sprintf("%s: %s: %s", Safe(in.Facts.Name), p.Origin, Safe(p.Detail)), "  "))
		}
	}
}

// Comparison prints as many tables below each other as 80 columns ask for.
func Comparison(w io.Writer, models []model.Inspection) {
	for first := 0; first < len(models); {
		last, fits := first+1, comparison(models[first:first+1])
		for ; last < len(models); last++ {
			wider := comparison(models[first : last+1])
			if text.LongestLineLen(wider) > Columns {
				break
			}
			fits = wider
		}
		if first > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprint(w, fits)
		first = last
	}
}

// comparison is one table; what none of its models has, is left out.
func comparison(models []model.Inspection) string {
	header := table.Row{""}
	var right []string
	for _, in := range models {
		name := Clip(Safe(in.Facts.Name), 20)
		header = append(header, name)
		right = append(right, name)
	}
	t := NewTable(io.Discard, header, right...)
	for _, r := range comparedRows {
		row, has := table.Row{r.name}, false
		for _, in := range models {
			value := r.value(in)
			row, has = append(row, value), has || value != "-"
		}
		if has {
			t.AppendRow(row)
		}
	}
	return t.Render()
}
