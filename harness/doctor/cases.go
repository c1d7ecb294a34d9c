package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"assay/harness/record"
	"assay/harness/runtime"
	"assay/harness/subject"
	"assay/harness/worker"
	"assay/predict/arch"
	"assay/predict/backend"
	"assay/results"
)

// caseExperiment is a case whose checks must hold.
type caseExperiment struct {
	name, assumed, source string
	model                 model
	change                func(c *results.Case, layers int)
	// compiles: a device in software would compile its kernels for minutes.
	compiles bool
	// placed: without a device nothing lies elsewhere than on the processor.
	placed bool
	// more are readings besides the record's checks.
	more func(results.Record, arch.Facts) []runtime.Reading
}

// The models of the cases: attention of the usual kind, and recurrent states.
func dense() model { return model{preset: "qwen2.5-0.5b", skeleton: runtime.SkeletonKV, layers: 4} }
func hybrid() model {
	return model{preset: "qwen3-next-80b-a3b", skeleton: runtime.SkeletonKV, weights: "f32", layers: 4}
}

// kinds are a skeleton's run of each kind of case.
func kinds() []caseExperiment {
	var list []caseExperiment
	for _, k := range []results.Kind{results.KindKV, results.KindPrefill, results.KindDecode, results.KindPlan} {
		list = append(list, caseExperiment{
			name: "run " + string(k), assumed: "a skeleton's bytes, operations and checks are as predicted", model: dense(),
			change: func(c *results.Case, _ int) { c.Kind = k },
		})
	}
	return list
}

// placements are what was read of a device's graphs and must hold wherever layers lie.
func placements() []caseExperiment {
	return []caseExperiment{
		{
			name: "rotation", assumed: "what spreads quantised caches is known, copied to a device or not",
			source: "MTL0#name#0, ggml_backend_sched_split_graph, ggml/src/ggml-backend.cpp", model: dense(),
			change: func(c *results.Case, _ int) { c.TypeK, c.TypeV = "q8_0", "q8_0" },
		},
		{
			name: "cache elsewhere", assumed: "a cache is found where attention runs on another device than holds it",
			source: "K and V of two types have no kernel of Metal (supports_op, ggml-metal-device.m)", model: dense(),
			change: func(c *results.Case, _ int) { c.TypeK, c.TypeV = "q8_0", "q4_0" },
			placed: true,
		},
		{
			name: "cache on the host", assumed: "a cache that stays with the processor is read and counted",
			source: "offload_kqv, src/llama-context.cpp", model: dense(),
			change: func(c *results.Case, _ int) { c.NoKVOffload = true },
			placed: true,
		},
		{
			name: "no layer", assumed: "without layers on the device, what products move there is known (op_offload)",
			source: "ggml_backend_sched_backend_id_from_cur, ggml/src/ggml-backend.cpp", model: dense(),
			change: func(c *results.Case, _ int) { c.NGPULayers, c.NPrompt = 0, 64 },
			more:   onHost,
			placed: true,
		},
		{
			name: "half the layers", assumed: "what is copied where the graph is split is known",
			source: "activations at a split's edge, native/llama/traffic.go", model: dense(),
			change: func(c *results.Case, layers int) { c.NGPULayers = layers / 2 },
			placed: true,
		},
		{
			name: "flash auto", assumed: "what flash attention 'auto' comes to is foretold",
			source: "resolve_fused_ops, src/llama-context.cpp", model: dense(),
			change:   func(c *results.Case, _ int) { c.TypeK, c.FlashAttn = "q8_0", "auto" },
			compiles: true,
			more:     flashForetold,
		},
		{
			name: "experts", assumed: "which experts are read is seen, and cuts the graph without changing it",
			source: "MUL_MAT_ID and ADD_ID, ggml/src/ggml-backend.cpp", model: model{preset: "qwen3-30b-a3b",
				skeleton: runtime.SkeletonKV, layers: 3},
			change: func(c *results.Case, _ int) { c.FlashAttn = "off" },
		},
	}
}

// recurrences are the families with states, which MLX computes with kernels of their
// own on a GPU.
func recurrences() []caseExperiment {
	return []caseExperiment{{
		name: "recurrent states", assumed: "a gated delta rule is composed as on the CPU, every product of it counted",
		source: "gated_delta.py and ssm.py of mlx-lm 0.32; GATED_DELTA_NET of ggml", model: hybrid(),
		change: func(c *results.Case, _ int) { c.NPrompt, c.FlashAttn = 65, "off" }, compiles: true,
	}}
}

// cases are the experiments that are cases of the runtime.
func (b *bench) cases(rt runtime.Runtime, lib results.Runtime) []experiment {
	list := kinds()
	if len(rt.CacheTypes()) > 0 { // which can be told what a cache is and where it lies
		list = append(list, placements()...)
	}
	var out []experiment
	for _, e := range append(list, recurrences()...) {
		out = append(out, experiment{
			part: rt.Name(), name: e.name, assumed: e.assumed, source: e.source,
			look: func(ctx context.Context) ([]runtime.Reading, error) { return b.runCase(ctx, rt, lib, e) },
		})
	}
	return out
}

// usual is the case that an experiment changes.
func usual() results.Case {
	return results.Case{
		Kind: results.KindKV, NCtx: 512, NPrompt: 32, NGen: 2, NBatch: 512, NUbatch: 128, NSeq: 1,
		TypeK: "f16", TypeV: "f16", FlashAttn: "auto", NThreads: 1, NGPULayers: 99,
	}
}

// tried is the case of an experiment as its kind has it.
func (e caseExperiment) tried(layers int) results.Case {
	c := usual()
	e.change(&c, layers)
	switch c.Kind {
	case results.KindPrefill:
		c.NGen = 0
	case results.KindDecode:
		c.NPrompt, c.NGen = 0, 4
	case results.KindPlan:
		c.NPrompt, c.NGen = 0, 0
	}
	return c
}

// runCase runs the case of a skeleton and reads its checks.
func (b *bench) runCase(ctx context.Context, rt runtime.Runtime, lib results.Runtime, e caseExperiment) ([]runtime.Reading, error) {
	if layers, _ := results.SettingNamed("n_gpu_layers"); e.placed && (len(lib.GPUs()) == 0 || !layers.KnownTo(rt.Name())) {
		return nil, runtime.NotHere("the library has no device besides the processor, or no choice of what lies there")
	}
	it, path, err := b.item(ctx, rt, e.model)
	if err != nil {
		return nil, err
	}
	c := e.tried(len(it.Facts.Layers))
	if slices.ContainsFunc(lib.Devices, results.Device.InSoftware) {
		if e.compiles || c.TypeV != "f16" {
			return nil, runtime.NotHere("a device in software compiles its kernels for minutes")
		}
		c.FlashAttn = "off"
	}
	it.Case = rt.Settle(c, it.Facts)
	req := worker.Request{Task: worker.Measure, Runtime: rt.Name(), Path: path, Case: it.Case, Observe: true}
	switch {
	case it.Case.Kind == results.KindPlan:
		req.Task = worker.Plan
	case it.Timed():
		req.Samples = 3
	}
	out, err := b.worker.Run(ctx, req, func(worker.Message) {})
	if err != nil {
		return nil, err
	}
	rec := results.Record{Runtime: out.Runtime, Model: subject.ModelOf(it), Case: it.Case, Measured: out.Measured, Checks: out.Checks}
	record.Predict(&rec, it)
	return e.readings(rec, it.Facts)
}

// readings are the record's checks, its samples and what the experiment adds.
func (e caseExperiment) readings(rec results.Record, f arch.Facts) ([]runtime.Reading, error) {
	if rec.NotPredicted != "" {
		return nil, fmt.Errorf("nothing was predicted: %s", rec.NotPredicted)
	}
	if rec.Residual == nil {
		return nil, errors.New("nothing was set beside the prediction")
	}
	var out []runtime.Reading
	for _, c := range rec.Checks {
		seen := "equal"
		if !c.OK {
			seen = c.Detail
		}
		out = append(out, runtime.Holds(c.Name, c.OK, "equal", seen))
	}
	if n := len(rec.Measured.SamplesNS); rec.Case.Tokens() > 0 {
		out = append(out, runtime.AtLeast("samples", float64(n), 1))
	}
	if e.more != nil {
		out = append(out, e.more(rec, f)...)
	}
	return out, nil
}

// onHost reads where the layers lie.
func onHost(rec results.Record, f arch.Facts) []runtime.Reading {
	out := []runtime.Reading{runtime.Equals("layers with a cache", len(f.Layers), len(rec.Measured.KVLayers))}
	for _, l := range rec.Measured.KVLayers {
		out = append(out, runtime.Equals(fmt.Sprintf("layer %d's cache lies on", l.Layer), "CPU", l.Device))
	}
	return out
}

// flashForetold reads whether attention was what the backend's table says.
func flashForetold(rec results.Record, f arch.Facts) []runtime.Reading {
	want := true // the processor has a kernel for everything
	if table, ok := backend.Of(rec.Runtime.Device); ok {
		a := f.Layers[0].Attention
		want = table.Attention(backend.Question{KeyHead: a.KeyDim, ValueHead: a.ValueDim, TypeK: rec.Case.TypeK, TypeV: rec.Case.TypeV,
			Flash: rec.Case.FlashAttn}).Flash
	}
	seen := "not seen"
	if rec.Measured.FlashAttn != nil {
		seen = fmt.Sprint(*rec.Measured.FlashAttn)
	}
	return []runtime.Reading{runtime.Equals("flash attention", want, seen)}
}
