package harness

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"assay/native/llama"
	"assay/results"
)

// llamaEngine is an opened llama.cpp.
type llamaEngine struct {
	lib    *llama.Library
	sha256 string
}

func (e *llamaEngine) Describe() results.Runtime {
	r := results.Runtime{
		Name: llamaCppName, Version: e.lib.Version(), Path: e.lib.Path(), SHA256: e.sha256, Layout: e.lib.Layout(),
	}
	for _, d := range e.lib.Devices() {
		// The first GPU is where layers are put; without one it is the CPU.
		if r.Device == "" || d.Type == "GPU" || d.Type == "IGPU" {
			r.Device = d.Name
		}
	}
	return r
}

func (e *llamaEngine) Devices() []string {
	var out []string
	for _, d := range e.lib.Devices() {
		out = append(out, fmt.Sprintf("%s: %s (%s, %s)", d.Name, d.Description, d.Type, Bytes(int64(d.MemoryTotal))))
	}
	return out
}

func (e *llamaEngine) Plan(_ context.Context, path string, c results.Case) (*results.Measured, error) {
	model, err := e.lib.LoadModel(path, llama.ModelParams{NGPULayers: &c.NGPULayers, NoAlloc: true})
	if err != nil {
		return nil, err
	}
	defer model.Close()
	ctx, err := model.NewContext(llamaContext(c, nil))
	if err != nil {
		return nil, err
	}
	defer ctx.Close()
	m := &results.Measured{WeightBytes: ptr(model.Bytes()), Memory: &results.Memory{}, KVSources: &results.KVSources{}}
	readReports(m, model.Report(), ctx.Report())
	return m, nil
}

func (e *llamaEngine) Load(_ context.Context, path string, c results.Case) (Session, error) {
	model, err := e.lib.LoadModel(path, llama.ModelParams{NGPULayers: &c.NGPULayers})
	if err != nil {
		return nil, err
	}
	return &llamaSession{model: model, random: rand.New(rand.NewPCG(1, 2))}, nil
}

// llamaSession is a model loaded by llama.cpp.
type llamaSession struct {
	model  *llama.Model
	random *rand.Rand
}

func (s *llamaSession) Close() error {
	s.model.Close()
	return nil
}

// llamaContext are the case's context parameters.
func llamaContext(c results.Case, eval func(llama.Node)) llama.ContextParams {
	return llama.ContextParams{
		NCtx: c.NCtx, NBatch: c.NBatch, NUbatch: c.NUbatch, NSeqMax: c.NSeq, NThreads: c.NThreads,
		TypeK: c.TypeK, TypeV: c.TypeV, FlashAttn: llama.Switch(c.FlashAttn),
		SWAFull: c.SWAFull, KVUnified: c.KVUnified, NoOffloadKQV: c.NGPULayers == 0, Eval: eval,
	}
}

// tokens are n random ones, as llama-bench takes them.
func (s *llamaSession) tokens(n int) []int32 {
	vocab := int32(s.model.NVocab())
	out := make([]int32, n)
	for i := range out {
		out[i] = s.random.Int32N(vocab)
	}
	return out
}

// Time does what llama-bench does (tools/llama-bench/llama-bench.cpp, v0.5.0):
// warm-up with the whole prompt or one token; before each repetition the
// cache's metadata is cleared and the depth restored, outside the clock; a
// prompt is synchronised once at its end, generated tokens one by one.
func (s *llamaSession) Time(ctx context.Context, c results.Case, n int, emit func(time.Duration)) (*results.Measured, error) {
	lc, err := s.model.NewContext(llamaContext(c, nil))
	if err != nil {
		return nil, err
	}
	defer lc.Close()
	depth, prompt, gen := s.tokens(c.NDepth), s.tokens(c.NPrompt), s.tokens(c.NGen)
	if err := warmUp(lc, prompt, gen); err != nil {
		return nil, err
	}
	var state []byte
	for range n {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		lc.ClearMemory()
		if state, err = toDepth(lc, depth, state); err != nil {
			return nil, err
		}
		start := time.Now()
		err := pass(lc, prompt, gen)
		took := time.Since(start)
		if err != nil {
			return nil, err
		}
		emit(took)
	}
	return &results.Measured{}, nil
}

// pass is what is timed.
func pass(lc *llama.Context, prompt, gen []int32) error {
	if len(prompt) > 0 {
		if err := lc.Decode(prompt); err != nil {
			return err
		}
		lc.Synchronize()
	}
	for _, token := range gen {
		if err := lc.DecodeOne(token); err != nil {
			return err
		}
		lc.Synchronize()
	}
	return nil
}

func warmUp(lc *llama.Context, prompt, gen []int32) error {
	return pass(lc, prompt, gen[:min(1, len(gen))])
}

// toDepth puts the depth's tokens into the cache: computed the first time,
// restored from the saved state afterwards.
func toDepth(lc *llama.Context, depth []int32, state []byte) ([]byte, error) {
	switch {
	case len(depth) == 0:
		return nil, nil
	case state != nil:
		return state, lc.StateSet(0, state)
	}
	if err := lc.Decode(depth); err != nil {
		return nil, err
	}
	lc.Synchronize()
	return lc.StateGet(0)
}
