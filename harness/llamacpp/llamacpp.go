// Package llamacpp is the adapter of llama.cpp, and alone at its library: what is
// known of it without loading it, and its engine. It does not know other runtimes,
// suites, stores.
package llamacpp

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"assay/harness/failure"
	"assay/harness/runtime"
	"assay/harness/skeleton"
	"assay/native/llama"
	"assay/predict/arch"
	"assay/predict/cost"
	family "assay/predict/family/llamacpp"
	"assay/predict/gguf"
	"assay/predict/kv"
	"assay/results"
)

func hasWindow(f arch.Facts) bool {
	for _, l := range f.Layers {
		if l.Attention != nil && l.Attention.Window > 0 {
			return true
		}
	}
	return false
}

// Runtime is the adapter of llama.cpp: what is known without loading it.
type Runtime struct{}

func (Runtime) Name() string { return Name }

// Architecture is the family: llama.cpp's own name.
func (Runtime) Architecture(f arch.Facts) string { return f.Family }

// Owns GGUF, and what Ollama keeps, which is GGUF.
func (Runtime) Owns(ref string) bool {
	return strings.EqualFold(filepath.Ext(ref), ".gguf") || strings.HasPrefix(ref, "ollama:")
}

// Behind changes nothing: the cache is allocated at once.
func (Runtime) Behind(c results.Case) results.Case { return c }

// Rivals speak of one cache per context, as llama.cpp has it.
func (Runtime) Rivals(c results.Case, lib results.Runtime) (kv.Params, bool) {
	return Params(c, lib), true
}

// blocksToExperts is the number of blocks up to the last one with experts.
func blocksToExperts(f arch.Facts) int {
	for i := len(f.Layers) - 1; i >= 0; i-- {
		if ff := f.Layers[i].FeedForward; ff != nil && ff.Experts != nil {
			return i + 1
		}
	}
	return 0
}

// Settle leaves out swa_full for models without a window, experts that a model has
// not, flash attention where the library turns it off, and mlx-lm's settings.
func (Runtime) Settle(c results.Case, f arch.Facts) results.Case {
	if c.NBatch > 0 { // as llama_init_from_model bounds it (src/llama-context.cpp, v0.5.0)
		c.NUbatch = min(c.NUbatch, c.NBatch)
	}
	c.SWAFull = c.SWAFull && hasWindow(f)
	c.NCPUMoE = min(c.NCPUMoE, blocksToExperts(f))
	if c.SplitMode == "" { // which has no main device
		c.MainGPU = 0
	}
	if fam, _ := family.Of(f.Family); fam.NoFlash && c.FlashAttn != "" {
		c.FlashAttn = "off"
	}
	return c.KnownTo(Name)
}

func (Runtime) CacheTypes() []string { return llama.CacheTypes() }

func (Runtime) WeightTypes(kind string) []string {
	if kind == runtime.SkeletonSparse {
		return slices.Concat(family.Mixes(), family.NamedMixes(), gguf.TypeNames())
	}
	return skeleton.GGUFTypes()
}

func (Runtime) Accepts(path string, _ results.Kind) error {
	if strings.HasSuffix(path, ".gguf") {
		return nil
	}
	return failure.Input(fmt.Errorf("%s: llama.cpp runs .gguf files; convert the model with llama.cpp's convert_hf_to_gguf.py, or measure "+
		"a skeleton of it with --skeleton full", path))
}

func (Runtime) SkeletonFacts(f arch.Facts, kind string) (arch.Facts, error) {
	if kind == runtime.SkeletonKV {
		f = family.KVFaithful(f)
	}
	_, err := family.Tensors(f, family.TypePlan{})
	return f, err
}

func (Runtime) WriteSkeleton(ctx context.Context, dir string, f arch.Facts, kind, weightType string) (string, error) {
	dir = filepath.Join(dir, Name)
	if kind == runtime.SkeletonSparse {
		return skeleton.SparseGGUF(ctx, dir, f, weightType)
	}
	return skeleton.GGUF(ctx, dir, f, weightType)
}

func (Runtime) SynthAt(ctx context.Context, path string, f arch.Facts, kind, weightType string) error {
	var fill gguf.Fill = skeleton.Random
	if kind == runtime.SkeletonSparse {
		fill = nil
	}
	return skeleton.WriteGGUF(ctx, path, f, family.TypePlan{Matrices: weightType}, fill)
}

func (Runtime) Open() (runtime.Engine, error) {
	path, err := llama.Find()
	if err != nil {
		return nil, err
	}
	lib, err := llama.Open(path)
	if err != nil {
		return nil, err
	}
	lib.Log().Echo(os.Stderr) // the run keeps the last lines if the library ends the worker
	sum, err := lib.SHA256()
	if err != nil {
		return nil, err
	}
	return &engine{lib: lib, sha256: sum}, nil
}

func (Runtime) Predict(f, run arch.Facts, weightType string, c results.Case, lib results.Runtime) (*results.Predicted, error) {
	c, fallbacks := resolve(f, c, lib)
	plan, err := kv.LlamaCpp(f, Params(c, lib))
	if err != nil {
		return nil, err
	}
	placed, err := place(&plan, ran{run, weightType}, c, lib)
	if err != nil {
		return nil, err
	}
	p := &results.Predicted{Rules: runtime.ExactRules, KVBytes: new(plan.Bytes()), KVLayers: runtime.KVLayers(plan), Fallbacks: fallbacks,
		Placement: foretold(placed)}
	if p.Memory, err = memoryOf(ran{run, weightType}, c, lib, spreadMemory(plan, placed), placed); err != nil {
		return nil, err
	}
	if c.Kind != results.KindPlan { // out of which nothing comes
		p.OutputNoise = outputNoise(run, weightType, c, lib)
	}
	size, err := cost.SizeOf(run, weightType)
	if errors.Is(err, cost.ErrNoRule) {
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	p.WeightBytes = &size.Bytes
	if c.Kind == results.KindPlan { // which executes nothing
		return p, nil
	}
	spent, err := costOf(run, weightType, c, Params(c, lib))
	if errors.Is(err, cost.ErrNoRule) {
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	p.FLOPs, p.BytesMoved, p.Cost = runtime.FLOPs(spent), runtime.BytesMoved(spent), spent
	return p, nil
}
