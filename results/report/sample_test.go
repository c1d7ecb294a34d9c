package report_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"assay/results"
	"assay/results/report"
)

var night = time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC)

func base(model, arch string) results.Record {
	return results.Record{
		Schema: 1, RunID: "20261120T020000Z", Time: night, Status: results.StatusOK,
		Host: results.Host{Name: "mini", OS: "darwin", OSVersion: "26.1", Arch: "arm64", Chip: "Apple M4",
			MemoryBytes: 16 << 30, Power: "ac", Thermal: "nominal"},
		Runtime: results.Runtime{Name: "llama.cpp", Version: "b7001", Device: "Metal"},
		Model:   results.Model{Ref: "preset:" + model, Name: model, Arch: arch, WeightType: "q4_K"},
	}
}

// cache is a case whose every third layer is one cell too large when off.
func cache(model string, layers, ctx int, variant func(*results.Case), off bool) results.Record {
	rec := base(model, "qwen3")
	rec.Case = results.Case{Kind: results.KindKV, NCtx: ctx, NUbatch: 512, TypeK: "f16", TypeV: "f16", FlashAttn: "auto"}
	variant(&rec.Case)
	cell := int64(4096)
	if rec.Case.TypeK == "q8_0" {
		cell = 2176
	}
	var predicted, measured int64
	rec.Predicted, rec.Measured = &results.Predicted{Rules: "exact"}, &results.Measured{}
	for i := range layers {
		l := results.KVLayer{Layer: i, Class: "full", Cells: int64(ctx), KBytes: int64(ctx) * cell / 2, VBytes: int64(ctx) * cell / 2}
		predicted += l.KBytes + l.VBytes
		rec.Predicted.KVLayers = append(rec.Predicted.KVLayers, l)
		if off && i%3 == 0 {
			l.KBytes += 256 * cell
		}
		measured += l.KBytes + l.VBytes
		rec.Measured.KVLayers = append(rec.Measured.KVLayers, l)
	}
	residual := measured - predicted
	rec.Predicted.KVBytes, rec.Measured.KVBytes, rec.Residual = &predicted, &measured, &results.Residual{KVBytes: &residual}
	check := results.Check{Name: "kv_bytes", OK: residual == 0}
	if off {
		check.Detail = fmt.Sprintf("predicted %d, measured %d", predicted, measured)
	}
	rec.Checks = []results.Check{check}
	rec.Verdicts = []results.Verdict{{Rules: "textbook", Figure: "kv_bytes", Predicted: predicted / 4, Measured: measured,
		Because: fmt.Sprintf("the cache is padded to 256 cells (%+d once corrected)", measured-predicted/4)}}
	return rec
}

func timed(model string, c results.Case, rate float64, rng *rand.Rand) results.Record {
	rec := base(model, "qwen3")
	rec.Case = c
	rec.Case.TypeK, rec.Case.TypeV, rec.Case.NUbatch = "f16", "f16", 512
	rec.Measured = &results.Measured{SamplesNS: samples(rate, rec.Case.Tokens(), rng)}
	rec.Measured.TokensPerSecond = results.Speed(rec.Measured.SamplesNS, rec.Case.Tokens())
	rec.Predicted = &results.Predicted{Rules: "exact", TokensPerSecond: &results.Interval{Value: rate * 1.03, Lo: rate * 0.96, Hi: rate * 1.1}}
	ratio := 1.03
	rec.Residual = &results.Residual{SecondsRatio: &ratio}
	return rec
}

func samples(rate float64, tokens int, rng *rand.Rand) []int64 {
	var ns []int64
	for range 10 {
		ns = append(ns, int64(1e9*float64(tokens)/(rate*(1+0.02*rng.NormFloat64()))))
	}
	return ns
}

// sample is a report with something in every section.
func sample() report.Input {
	rng := rand.New(rand.NewPCG(1, 2))
	in := report.Input{Made: night.Add(3 * time.Hour), Head: results.Run{ID: "20261120T020000Z"}, Base: &results.Run{ID: "20261119T020000Z"}}
	plain := func(*results.Case) {}
	for _, ctx := range []int{1024, 4096, 16384, 65536} {
		in.Head.Records = append(in.Head.Records,
			cache("qwen3-0.6b", 28, ctx, plain, false),
			cache("qwen3-0.6b", 28, ctx, func(c *results.Case) { c.TypeK, c.TypeV = "q8_0", "q8_0" }, false),
			cache("gemma-3-12b", 48, ctx, plain, ctx == 4096))
	}
	for i, depth := range []int{0, 4096, 16384} {
		in.Head.Records = append(in.Head.Records,
			timed("qwen3-0.6b", results.Case{Kind: results.KindPrefill, NPrompt: 512, NDepth: depth}, 2400/float64(i+1), rng),
			timed("qwen3-0.6b", results.Case{Kind: results.KindDecode, NGen: 128, NDepth: depth}, 128/math.Sqrt(float64(i+1)), rng))
	}
	failed := base("deepseek-v3", "deepseek2")
	failed.Case = results.Case{Kind: results.KindKV, NCtx: 131072}
	failed.Status, failed.Error, failed.Log = results.StatusFailed, "the worker was killed: out of memory",
		[]string{"ggml_metal_buffer: error: failed to allocate 68.0 GiB"}
	in.Head.Records = append(in.Head.Records, failed)
	in.Notes = []string{"llama.cpp went from b7000 to b7001 between the two runs; everything else is the same."}
	in.Findings = []report.Finding{
		{Severity: report.Regression, Case: "llama.cpp · qwen3-0.6b q4_K · tg128", Figure: "tokens/s", Before: "139", After: "128",
			Change: "-8.1 %, 95 % -8.9 to -7.2 %",
			Sure:   "p = 0.0001 over 19 cases", Since: "12 November 2026", Details: []string{"llama.cpp went from b7000 to b7001."},
			Reproduce: "assay run -m preset:qwen3-0.6b -p 0 -n 128 -r 10"},
		{Severity: report.Changed, Case: "llama.cpp · gemma-3-12b q4_K · kv 4096", Figure: "KV bytes", Before: "768 MiB", After: "784 MiB",
			Details: []string{"Layers 0, 3, 6 and 13 others hold 4352 cells instead of 4096."}},
		{Severity: report.Improvement, Case: "llama.cpp · qwen3-0.6b q4_K · pp512", Figure: "tokens/s", Before: "2310",
			After: "2400", Change: "+3.9 %"},
	}
	for i, c := range []results.Case{{Kind: results.KindDecode, NGen: 128}, {Kind: results.KindPrefill, NPrompt: 512}} {
		rec := base("qwen3-0.6b", "qwen3")
		rec.Case = c
		series := results.Series{Key: rec.Key(), Case: c, Machine: "mini (Apple M4)"}
		for n := range 90 {
			rate := 139.0
			if i == 0 && n >= 62 {
				rate = 128
			}
			series.Points = append(series.Points, results.Point{Time: night.AddDate(0, 0, n-89), SamplesNS: samples(rate, c.Tokens(), rng)})
		}
		h := report.NewHistory(series)
		if i == 0 {
			h.Changes = []report.Change{{At: 62, Before: 139, After: 128, Between: "between llama.cpp b7000 and b7001"}}
		}
		in.Histories = append(in.Histories, h)
	}
	in.Rooflines = []report.Roofline{{Machine: "mini (Apple M4)", FLOPS: 4.3e12, Bandwidth: 120e9, Points: []report.RooflinePoint{
		{Label: "pp512", Intensity: 420, FLOPS: 2.9e12}, {Label: "tg128", Intensity: 2.1, FLOPS: 0.2e12},
		{Label: "tg128 @ d4096", Intensity: 1.6, FLOPS: 0.15e12},
	}}}
	return in
}
