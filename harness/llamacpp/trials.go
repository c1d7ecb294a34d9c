package llamacpp

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strings"

	"assay/harness/machine"
	"assay/harness/runtime"
	"assay/native/llama"
	"assay/native/llama/printed"
	"assay/results"
)

// Trials are the experiments on what is taken for granted of llama.cpp and its device,
// besides what a case's own checks tell.
func (Runtime) Trials() []runtime.Trial {
	return []runtime.Trial{
		{
			Name: "settings", Assumed: "each setting of a context arrives where the layout of its struct has it",
			Source: "llama_context_params, include/llama.h: it moved ten times in a year",
			Look:   withModel(trySettings),
		},
		{
			Name: "loaded", Assumed: "the files that were loaded are known, and multiply with the kernels of this processor",
			Source: "ggml_backend_load_best, ggml/src/ggml-backend-reg.cpp: a build without them is slow and does not fail",
			Look:   withModel(tryProduct),
		},
		{
			Name: "step ends", Assumed: "behind llama_synchronize a step is done, and one that was not lost leaves no error in the log",
			Source: "ggml_metal_synchronize, ggml-metal-context.m, b9093 to b11434: a command buffer that fails is a log line alone",
			Look:   withModel(tryStep),
		},
		{
			Name: "compiled before", Assumed: "a warm-up at the tokens and depth of a sample compiles all of its kernels",
			Source: "ggml_metal_library_compile_pipeline, ggml-metal-device.m: attention has a kernel for each class of depth",
			Look:   withModel(tryCompiled),
		},
		{
			Name: "callback", Assumed: "a callback on each node changes neither splits nor what comes out",
			Source: "ggml_backend_sched_compute_splits, ggml/src/ggml-backend.cpp",
			Look:   withModel(tryCallback),
		},
		{
			Name: "model's size", Assumed: "the log's lines leave no tensor out, and have none twice but what is laid out anew or a device maps",
			Source: "load_tensors, src/llama-model.cpp: mapped with a device, a tied head and what lies between count twice",
			Look:   withModel(tryLog),
		},
		{
			Name: "device memory", Assumed: "a device's free memory falls by what was put there",
			Source: "ggml_backend_metal_device_get_memory, ggml-metal.cpp: the limit less what this process has",
			Look:   withModel(tryMemory),
		},
		{
			Name: "working set", Assumed: "a device's total is what macOS lets it hold, between half and all of the memory",
			Source: "recommendedMaxWorkingSetSize, ggml-metal-device.m",
			Look:   withModel(tryWorkingSet),
		},
		{
			Name: "bf16", Assumed: "kernels for bf16 are there where the library says so",
			Source: "GGML_METAL_HAS_BF16, ggml-metal/kernels/common.h: gone below Metal 3.1, of which the program's SDK decides",
			Look:   withModel(tryBF16),
		},
	}
}

// trial is an opened library with a small model in it.
type trial struct {
	lib   *llama.Library
	path  string
	model *llama.Model
	// before is what the devices had free.
	before map[string]int64
}

func withModel(look func(context.Context, trial) ([]runtime.Reading, error)) func(context.Context, runtime.Engine,
	string) ([]runtime.Reading, error) {
	return func(ctx context.Context, e runtime.Engine, path string) ([]runtime.Reading, error) {
		mine, ok := e.(*engine)
		if !ok {
			return nil, fmt.Errorf("an experiment on llama.cpp was given a %T", e)
		}
		t := trial{lib: mine.lib, path: path, before: mine.lib.FreeMemory()}
		var err error
		if t.model, err = mine.lib.LoadModel(path, llama.ModelParams{}); err != nil {
			return nil, err
		}
		defer t.model.Close()
		return look(ctx, t)
	}
}

// gpu is the first device that is none of the processor's.
func (t trial) gpu() (llama.Device, bool) {
	for _, d := range t.lib.Devices() {
		if d.Type == "GPU" || d.Type == "IGPU" {
			return d, true
		}
	}
	return llama.Device{}, false
}

// inSoftware reports whether the device is one that the processor plays (Mesa's
// llvmpipe), which is slow and compiles flash attention for a minute.
func (t trial) inSoftware() bool {
	gpu, ok := t.gpu()
	return ok && results.Device{Description: gpu.Description}.InSoftware()
}

// flash is flash attention as contexts usually have it.
func (t trial) flash() llama.Switch {
	if t.inSoftware() {
		return llama.Off
	}
	return llama.Auto
}

// trySettings makes a context of which no number is a default and reads each back.
func trySettings(_ context.Context, t trial) ([]runtime.Reading, error) {
	tensors := llama.NewCacheTensors()
	lc, err := t.model.NewContext(llama.ContextParams{
		NCtx: 1024, NBatch: 96, NUbatch: 48, NSeqMax: 2, NThreads: 1, TypeK: "q8_0", TypeV: "f32", FlashAttn: llama.Off, Eval: tensors.Observe,
	})
	if err != nil {
		return nil, err
	}
	defer lc.Close()
	if err := lc.Decode(someTokens(t.model, 8)); err != nil {
		return nil, err
	}
	lc.Synchronize()
	out := []runtime.Reading{
		runtime.Equals("n_ctx", 1024, lc.NCtx()), runtime.Equals("n_batch", 96, lc.NBatch()),
		runtime.Equals("n_ubatch", 48, lc.NUbatch()), runtime.Equals("n_seq_max", 2, lc.NSeqMax()),
	}
	out = append(out, loggedCache(lc.Report())...)
	types := map[string]bool{}
	for _, c := range tensors.All() {
		types[c.Kind+" "+c.Type] = true
	}
	return append(out, runtime.Equals("cache tensors", true, types["k q8_0"] && types["v f32"] && len(types) == 2)), nil
}

// loggedCache reads what the log says of the cache. A log of another form, in which
// nothing of it is found, does not hold.
func loggedCache(r printed.Report) []runtime.Reading {
	out := []runtime.Reading{runtime.AtLeast("caches in the log", float64(len(r.Caches)), 1)}
	if len(r.Caches) > 0 {
		out = append(out, runtime.Equals("cells in the log", 512, r.Caches[0].Cells),
			runtime.Equals("streams in the log", 2, r.Caches[0].Streams))
	}
	return out
}

func someTokens(m *llama.Model, n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(i*7919) % int32(m.NVocab())
	}
	return out
}

// fastProduct is how often a prompt's operations must be faster than portable Go's
// product, which takes no vectors of the processor: with the kernels of this machine
// they are 5 times as fast and more, with those of the oldest processor about as fast.
const fastProduct = 2

// tryProduct looks at the files and at the speed of a prompt, whose products are nearly
// all of its work.
func tryProduct(ctx context.Context, t trial) ([]runtime.Reading, error) {
	if t.inSoftware() {
		return nil, runtime.NotHere("a device in software is not there to be fast")
	}
	var names []string
	for _, f := range runtime.LoadedFiles() {
		if f.SHA256 != "" && (strings.Contains(f.Path, "ggml") || strings.Contains(f.Path, "llama")) {
			names = append(names, filepath.Base(f.Path))
		}
	}
	slices.Sort(names)
	hashed := slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, "libllama") })
	out := []runtime.Reading{runtime.Holds("hashed", hashed, "libllama among the loaded files", strings.Join(names, " "))}
	portable, err := machine.CoreProductRate(ctx)
	if err != nil {
		return nil, err
	}
	const prompt = 128
	params := llama.ContextParams{NCtx: 256, NBatch: prompt, NUbatch: prompt, NThreads: 1, FlashAttn: llama.Off}
	counter := llama.NewCounter()
	params.Eval = counter.Observe
	if err := t.decode(params, prompt, nil); err != nil {
		return nil, err
	}
	params.Eval = nil
	rate := 0.0
	err = t.decode(params, prompt, func(lc *llama.Context) (err error) {
		tokens := someTokens(t.model, prompt)
		var failed error // a pass that fails is the fastest
		rate, err = machine.BestRate(ctx, float64(counter.Total()), func() {
			lc.ClearMemory()
			failed = errors.Join(failed, lc.Decode(tokens))
			lc.Synchronize()
		})
		return errors.Join(err, failed)
	})
	return append(out, runtime.AtLeast("products of a prompt, times portable Go's", rate/portable, fastProduct)), err
}

// decode makes a context, decodes a prompt and hands the context on.
func (t trial) decode(p llama.ContextParams, prompt int, then func(*llama.Context) error) error {
	lc, err := t.model.NewContext(p)
	if err != nil {
		return err
	}
	defer lc.Close()
	if err := lc.Decode(someTokens(t.model, prompt)); err != nil {
		return err
	}
	lc.Synchronize()
	if then == nil {
		return nil
	}
	return then(lc)
}

func tryStep(_ context.Context, t trial) ([]runtime.Reading, error) {
	var out []runtime.Reading
	err := t.decode(llama.ContextParams{NCtx: 512, NBatch: 64, NUbatch: 64, NThreads: 1, FlashAttn: t.flash()}, 64,
		func(lc *llama.Context) error {
			mark := lc.Log().Mark()
			if err := lc.Decode(someTokens(t.model, 64)); err != nil {
				return err
			}
			lc.Synchronize()
			left := lc.Unfinished()
			out = append(out, runtime.AtMost("milliseconds that the device works on", left.Seconds()*1e3, 10))
			said := "nothing"
			if err := printed.StepFailed(lc.Log().Since(mark)); err != nil {
				said = err.Error()
			}
			out = append(out, runtime.Equals("errors in the log", "nothing", said))
			return nil
		})
	return out, err
}

// tryCompiled decodes across 1024 and 2048 cells twice: the first pass compiles, which
// the log tells, and the second does not.
func tryCompiled(ctx context.Context, t trial) ([]runtime.Reading, error) {
	if gpu, _ := t.gpu(); !strings.HasPrefix(gpu.Name, "MTL") {
		return nil, runtime.NotHere("only Metal's log tells of each kernel that is compiled")
	}
	pass := func(lc *llama.Context) (int, error) {
		lc.ClearMemory()
		mark := lc.Log().Mark()
		for _, n := range []int{1016, 16, 1008, 16} {
			if err := ctx.Err(); err != nil {
				return 0, err
			}
			if err := lc.Decode(someTokens(t.model, n)); err != nil {
				return 0, err
			}
			lc.Synchronize()
		}
		return printed.Compiled(lc.Log().Since(mark)), nil
	}
	lc, err := t.model.NewContext(llama.ContextParams{NCtx: 2304, NBatch: 512, NUbatch: 512,
		NThreads: goruntime.NumCPU(), FlashAttn: t.flash()})
	if err != nil {
		return nil, err
	}
	defer lc.Close()
	first, err := pass(lc)
	if err != nil {
		return nil, err
	}
	second, err := pass(lc)
	return []runtime.Reading{
		runtime.AtLeast("kernels compiled in the first pass", float64(first), 1),
		runtime.Equals("kernels compiled in the second pass", 0, second),
	}, err
}

// tryCallback runs the same tokens with a callback and without.
func tryCallback(_ context.Context, t trial) ([]runtime.Reading, error) {
	type ran struct {
		splits string
		logits []float32
	}
	run := func(eval func(llama.Node)) (r ran, err error) {
		err = t.decode(llama.ContextParams{NCtx: 256, NBatch: 32, NUbatch: 32, NThreads: 1, FlashAttn: t.flash(), Eval: eval}, 16,
			func(lc *llama.Context) error {
				r.splits = fmt.Sprint(lc.Report().Splits)
				logits, err := lc.Logits(-1)
				r.logits = slices.Clone(logits)
				return err
			})
		return r, err
	}
	plain, err := run(nil)
	if err != nil {
		return nil, err
	}
	nodes := 0
	seen, err := run(func(llama.Node) { nodes++ })
	if err != nil {
		return nil, err
	}
	furthest := math.Inf(1)
	if len(plain.logits) == len(seen.logits) && len(plain.logits) > 0 {
		furthest = 0
		for i := range plain.logits {
			furthest = max(furthest, math.Abs(float64(plain.logits[i]-seen.logits[i])))
		}
	}
	return []runtime.Reading{
		runtime.Equals("splits", plain.splits, seen.splits),
		runtime.AtMost("logits apart", furthest, 0),
		runtime.AtLeast("nodes seen", float64(nodes), 10),
	}, nil
}

// tryLog sums what the log has of weights. What is laid out anew for the processor
// stands beside the file's own, of which what is mapped reaches from the first tensor
// that is left to the last; with a device it does so for each of both.
func tryLog(_ context.Context, t trial) ([]runtime.Reading, error) {
	logged, repacked := t.model.Report().Sum("model"), t.model.Report().Repacked()
	if logged == nil {
		return nil, runtime.NotHere("this release's log has no line of the model's buffers")
	}
	most, loaded := 1.01, float64(t.model.Bytes())
	if _, ok := t.gpu(); ok {
		most = 2.01
	}
	return []runtime.Reading{
		runtime.AtLeast("logged over loaded bytes", float64(*logged)/loaded, 0.99),
		runtime.AtMost("logged as in the file over loaded bytes", float64(*logged-*repacked)/loaded, most),
		runtime.AtMost("logged as laid out anew over loaded bytes", float64(*repacked)/loaded, 1.01),
	}, nil
}

func tryMemory(_ context.Context, t trial) ([]runtime.Reading, error) {
	gpu, ok := t.gpu()
	switch {
	case !ok:
		return nil, runtime.NotHere("the library has no device besides the processor")
	case t.inSoftware():
		return nil, runtime.NotHere("a device in software says the same of its memory at all times")
	}
	var out []runtime.Reading
	err := t.decode(llama.ContextParams{NCtx: 8192, NBatch: 64, NUbatch: 64, NThreads: 1, FlashAttn: t.flash()}, 8,
		func(lc *llama.Context) error {
			there := int64(0)
			for _, report := range []printed.Report{t.model.Report(), lc.Report()} {
				for _, b := range report.Buffers {
					if strings.HasPrefix(b.Device, gpu.Name) {
						there += b.Bytes
					}
				}
			}
			fell := t.before[gpu.Name] - t.lib.FreeMemory()[gpu.Name]
			out = append(out, runtime.Between("fall over the logged bytes", float64(fell)/float64(max(1, there)), 0.9, 2))
			return nil
		})
	return out, err
}

func tryWorkingSet(ctx context.Context, t trial) ([]runtime.Reading, error) {
	gpu, ok := t.gpu()
	if !ok {
		return nil, runtime.NotHere("the library has no device besides the processor")
	}
	share := float64(gpu.MemoryTotal) / float64(max(1, machine.Read(ctx).MemoryBytes))
	if !strings.HasPrefix(gpu.Name, "MTL") {
		return nil, runtime.NotHere("%s is none of Apple's; its total is %s of this machine's memory", gpu.Name,
			fmt.Sprintf("%.0f %%", 100*share))
	}
	return []runtime.Reading{runtime.Between("total as a share of the memory", share, 0.5, 1)}, nil
}

// tryBF16 keeps a cache of bf16: where the kernels are gone the first product of it ends
// the process.
func tryBF16(_ context.Context, t trial) ([]runtime.Reading, error) {
	k := kernelsOf(t.lib.Kernels())
	if k.BF16Gone() {
		return []runtime.Reading{runtime.Holds("bf16 kernels", false, "compiled in", "gone: the program's SDK is "+k.SDK)}, nil
	}
	out := []runtime.Reading{}
	err := t.decode(llama.ContextParams{NCtx: 256, NBatch: 32, NUbatch: 32, NThreads: 1, FlashAttn: t.flash(), TypeK: "bf16", TypeV: "bf16"},
		8, func(lc *llama.Context) error {
			logits, err := lc.Logits(-1)
			bad := 0
			for _, v := range logits {
				if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
					bad++
				}
			}
			out = append(out, runtime.Equals("logits that are no numbers, of a cache of bf16", 0, bad),
				runtime.AtLeast("logits", float64(len(logits)), 1))
			return err
		})
	return out, err
}
