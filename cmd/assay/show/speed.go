package show

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/results"
	"assay/results/figure"
)

// printSpeed prints the timed cases; the weights' type has a column where it is
// known.
func printSpeed(w io.Writer, records []results.Record) {
	t := NewTable(w, table.Row{"weights", "test", "tokens/s", "95 % interval", "n", "KV measured", "res", "executed", "res"},
		"tokens/s", "95 % interval", "n", "KV measured", "executed")
	differs, typed := apart(records), false
	for i, r := range records {
		typed = typed || r.Model.WeightType != ""
		speed, interval := "-", "-"
		if tps := measured(r).TokensPerSecond; tps != nil {
			speed = figure.Rate(tps.Median)
			if tps.CI95 != nil {
				interval = figure.Rate(tps.CI95[0]) + " – " + figure.Rate(tps.CI95[1])
			}
		}
		t.AppendRow(table.Row{
			orDash(r.Model.WeightType), r.Case.Test() + differs[i], speed, interval, len(measured(r).SamplesNS),
			bytesOf(measured(r).KVBytes), difference(residual(r).KVBytes), opsOf(measured(r).FLOPs), difference(residual(r).FLOPs),
		})
	}
	t.leaveOut("weights", !typed)
	t.Render()
	printHostTime(w, records, differs)
}

// printHostTime says what of a token's time went into making MLX's graphs, which
// the device does not wait for unless it is faster.
func printHostTime(w io.Writer, records []results.Record, differs []string) {
	var words []string
	for i, r := range records {
		if ns := measured(r).HostNSPerToken; ns != nil {
			words = append(words, strings.TrimSpace(fmt.Sprintf("%s %s %.3g ms", r.Model.WeightType, r.Case.Test()+differs[i], *ns/1e6)))
		}
	}
	if len(words) > 0 {
		fmt.Fprintln(w, Wrapped("host time a token (graphs made and freed): "+strings.Join(words, ", "), ""))
	}
}

// settings are the parameters that a test's name does not tell, by their flags.
var settings = []struct {
	flag string
	of   func(results.Case) any
}{
	{"c", func(c results.Case) any { return c.NCtx }},
	{"np", func(c results.Case) any { return c.NSeq }},
	{"b", func(c results.Case) any { return c.NBatch }},
	{"ub", func(c results.Case) any { return c.NUbatch }},
	{"ctk", func(c results.Case) any { return c.TypeK }},
	{"ctv", typeV},
	{"fa", func(c results.Case) any { return c.FlashAttn }},
	{"swa-full", func(c results.Case) any { return c.SWAFull }},
	{"kvu", func(c results.Case) any { return c.KVUnified }},
	{"t", func(c results.Case) any { return c.NThreads }},
	{"ngl", func(c results.Case) any { return c.NGPULayers }},
	{"kv-bits", func(c results.Case) any { return c.KVBits }},
	{"kv-group-size", func(c results.Case) any { return c.KVGroupSize }},
	{"quantized-kv-start", func(c results.Case) any { return c.QuantizedKVStart }},
	{"max-kv-size", func(c results.Case) any { return c.MaxKVSize }},
}

// typeV is empty where the V cache has the K cache's type, as it has by default.
func typeV(c results.Case) any {
	if c.TypeV == c.TypeK {
		return ""
	}
	return c.TypeV
}

// apart returns, for each record, the settings in which it differs from another
// of the same test: what a table must show for its rows to be told apart.
func apart(records []results.Record) []string {
	same := map[string][]results.Case{}
	test := func(r results.Record) string { return r.Model.WeightType + " " + r.Case.Test() }
	for _, r := range records {
		same[test(r)] = append(same[test(r)], r.Case)
	}
	out := make([]string, len(records))
	for i, r := range records {
		for _, set := range settings {
			value := set.of(r.Case)
			if value != "" && slices.ContainsFunc(same[test(r)], func(c results.Case) bool { return set.of(c) != value }) {
				out[i] += fmt.Sprintf(" %s=%v", set.flag, value)
			}
		}
	}
	return out
}
