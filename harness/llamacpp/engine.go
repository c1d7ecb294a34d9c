package llamacpp

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"

	"assay/harness/machine"
	"assay/harness/runtime"
	"assay/native/llama"
	"assay/results"
	"assay/results/figure"
	"assay/results/form"
)

// engine is an opened llama.cpp.
type engine struct {
	lib    *llama.Library
	sha256 string
}

// obeyed are libllama's and ggml's variables, those of the threads that the CPU's
// backend is built on, and those of the systems below the GPUs' backends. The flags of
// llama.cpp's programs (LLAMA_ARG_, common/arg.cpp) are none of the library's, and how
// much is said when it dies changes nothing.
var obeyed = runtime.Obeyed{
	Prefixes: []string{"GGML_", "LLAMA_", "OMP_", "GOMP_", "KMP_", "MTL_", "METAL_", "VK_"},
	Except:   []string{"LLAMA_ARG_", "GGML_NO_BACKTRACE"},
}

func (e *engine) Describe() results.Runtime {
	r := results.Runtime{
		Name: Name, Version: e.lib.Version(), Path: e.lib.Path(), SHA256: e.sha256, Layout: e.lib.Layout(),
		Kernels: kernelsOf(e.lib.Kernels()), CPUVariant: e.lib.CPUVariant(),
		Files: runtime.LoadedFiles(), Variables: obeyed.Variables(),
	}
	for _, d := range e.lib.Devices() {
		device := results.Device{Name: d.Name, Description: d.Description, Type: d.Type}
		if d.MemoryTotal > 0 {
			device.TotalBytes, device.FreeBytes = new(int64(d.MemoryTotal)), new(int64(d.MemoryFree))
		}
		r.Devices = append(r.Devices, device)
	}
	r.Device = hostDevice
	if gpus := r.GPUs(); len(gpus) > 0 { // the first is where layers are put
		r.Device = gpus[0].Name
	}
	return r
}

func (e *engine) Devices() []string {
	var out []string
	for _, d := range e.lib.Devices() {
		out = append(out, fmt.Sprintf("%s: %s (%s, %s)", d.Name, d.Description, d.Type, figure.Bytes(int64(d.MemoryTotal))))
	}
	if why := e.lib.UnusedDevice(); why != "" {
		out = append(out, "none besides: "+why)
	}
	return out
}

func (e *engine) Plan(_ context.Context, path string, c results.Case) (*results.Measured, error) {
	params, err := modelParams(c)
	if err != nil {
		return nil, err
	}
	params.NoAlloc = true
	model, err := e.lib.LoadModel(path, params)
	if err != nil {
		return nil, err
	}
	defer model.Close()
	ctx, err := model.NewContext(contextParams(c, nil))
	if err != nil {
		return nil, err
	}
	defer ctx.Close()
	m := &results.Measured{WeightBytes: new(model.Bytes()), Memory: &results.Memory{}, KVSources: &results.KVSources{}}
	readReports(m, model.Report(), ctx.Report())
	m.Memory.WeightBytes, m.Memory.RepackBytes = nil, nil // nothing is loaded: the log says 0
	m.Memory.Devices = byDevice(e.lib.Devices(), model.Report(), ctx.Report())
	free := e.lib.FreeMemory() // nothing was allocated: it is the same before and after
	addFree(m.Memory.Devices, free, free, free)
	machine.AddFootprint(m.Memory)
	return m, nil
}

func (e *engine) Load(_ context.Context, path string, c results.Case) (runtime.Session, error) {
	if err := refuseBF16(kernelsOf(e.lib.Kernels()), path, c); err != nil {
		return nil, err
	}
	params, err := modelParams(c)
	if err != nil {
		return nil, err
	}
	before := e.lib.FreeMemory()
	model, err := e.lib.LoadModel(path, params)
	if err != nil {
		return nil, err
	}
	return &session{lib: e.lib, before: before, loaded: e.lib.FreeMemory(), model: model, devices: len(e.lib.Devices()),
		random: rand.New(rand.NewPCG(1, 2))}, nil
}

// session is a model loaded by llama.cpp.
type session struct {
	lib *llama.Library
	// before and loaded are what devices had free before the model and with it.
	before, loaded map[string]int64

	model   *llama.Model
	devices int // of the library
	random  *rand.Rand
	// observed: the case was observed by this worker, which then reads its output too.
	observed bool
}

func (s *session) Close() error {
	s.model.Close()
	return nil
}

// modelParams are the case's settings of loading.
func modelParams(c results.Case) (llama.ModelParams, error) {
	spread, err := spreadOf(c)
	p := llama.ModelParams{NGPULayers: &c.NGPULayers, NoHost: c.NoHost, Spread: spread}
	if c.LoadMode == "none" {
		p.Mmap = llama.Off
	}
	return p, err
}

// contextParams are the case's context parameters.
func contextParams(c results.Case, eval func(llama.Node)) llama.ContextParams {
	return llama.ContextParams{
		NCtx: c.NCtx, NBatch: c.NBatch, NUbatch: c.NUbatch, NSeqMax: c.NSeq, NThreads: c.NThreads, Threads: threadsOf(c),
		TypeK: c.TypeK, TypeV: c.TypeV, FlashAttn: llama.Switch(c.FlashAttn),
		SWAFull: c.SWAFull, KVUnified: c.KVUnified, NoOffloadKQV: c.NoKVOffload, NoOpOffload: c.NoOpOffload, Eval: eval,
	}
}

// threadsOf are threads that stay as long as a context, as llama-bench has them. A mask
// that a suite or flag could not have is none.
func threadsOf(c results.Case) *llama.Threads {
	cores, err := form.Cores(cmp.Or(c.CPUMask, "0"))
	if err != nil {
		cores = nil
	}
	return &llama.Threads{Poll: c.Poll.Percent(), Priority: c.Priority, CPUs: cores, Strict: c.CPUStrict}
}

// tokens are n random ones, as llama-bench takes them.
func (s *session) tokens(n int) []int32 {
	vocab := int32(s.model.NVocab())
	out := make([]int32, n)
	for i := range out {
		out[i] = s.random.Int32N(vocab)
	}
	return out
}
