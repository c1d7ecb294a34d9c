package harness

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"assay/harness/skeleton"
	"assay/native/llama"
	"assay/predict/arch"
	"assay/predict/cost"
	family "assay/predict/family/llamacpp"
	"assay/predict/gguf"
	"assay/predict/kv"
	"assay/results"
)

const llamaCppName = "llama.cpp"

// exactRules is the name of the rule set that assay stands for.
const exactRules = "exact"

// llamaCpp is the adapter of llama.cpp: what is known without loading it.
type llamaCpp struct{}

func (llamaCpp) Name() string { return llamaCppName }

// Settle leaves out swa_full for models without a window, and mlx-lm's settings.
func (llamaCpp) Settle(c results.Case, f arch.Facts) results.Case {
	c.SWAFull = c.SWAFull && hasWindow(f)
	c.KVBits, c.KVGroupSize, c.QuantizedKVStart, c.MaxKVSize = 0, 0, 0, 0
	return c
}

func (llamaCpp) CacheTypes() []string { return llama.CacheTypes() }

func (llamaCpp) WeightTypes(kind string) []string {
	if kind == SkeletonSparse {
		return gguf.TypeNames()
	}
	return skeleton.GGUFTypes()
}

func (llamaCpp) Accepts(path string) error {
	if strings.HasSuffix(path, ".gguf") {
		return nil
	}
	return inputError{fmt.Errorf("%s: llama.cpp runs .gguf files; convert the model with llama.cpp's convert_hf_to_gguf.py, or measure a skeleton of it with --skeleton full", path)}
}

func (llamaCpp) SkeletonFacts(f arch.Facts, kind string) (arch.Facts, error) {
	if kind == SkeletonKV {
		f = family.KVFaithful(f)
	}
	_, err := family.Tensors(f, family.TypePlan{})
	return f, err
}

func (llamaCpp) WriteSkeleton(ctx context.Context, dir string, f arch.Facts, kind, weightType string) (string, error) {
	dir = filepath.Join(dir, llamaCppName)
	if kind == SkeletonSparse {
		return skeleton.SparseGGUF(ctx, dir, f, weightType)
	}
	return skeleton.GGUF(ctx, dir, f, weightType)
}

func (llamaCpp) SynthAt(ctx context.Context, path string, f arch.Facts, kind, weightType string) error {
	var fill gguf.Fill = skeleton.Random
	if kind == SkeletonSparse {
		fill = nil
	}
	return skeleton.WriteGGUF(ctx, path, f, family.TypePlan{Matrices: weightType}, fill)
}

func (llamaCpp) Open() (Engine, error) {
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
	return &llamaEngine{lib: lib, sha256: sum}, nil
}

func (llamaCpp) Predict(f, run arch.Facts, weightType string, c results.Case, lib results.Runtime) (*results.Predicted, error) {
	plan, err := kv.LlamaCpp(f, llamaParams(c, lib))
	if err != nil {
		return nil, err
	}
	spent, err := llamaCost(run, weightType, c, llamaParams(c, lib))
	if err != nil {
		return nil, err
	}
	size, err := cost.SizeOf(run, weightType)
	if err != nil {
		return nil, err
	}
	p := &results.Predicted{Rules: exactRules, KVBytes: ptr(plan.Bytes()), KVLayers: kvLayers(plan), WeightBytes: &size.Bytes}
	if c.Kind != results.KindPlan { // which executes nothing
		p.FLOPs, p.BytesMoved, p.Cost = costFLOPs(spent), costBytes(spent), spent
	}
	return p, nil
}

// llamaParams are the case's parameters in the predictor's terms. Where the
// runtime chooses flash attention itself, it does on every backend that has a
// kernel for the model's shapes, the CPU always.
func llamaParams(c results.Case, lib results.Runtime) kv.Params {
	return kv.Params{
		NCtx: c.NCtx, NBatch: c.NBatch, NUbatch: c.NUbatch, NSeq: c.NSeq,
		TypeK: c.TypeK, TypeV: c.TypeV, FlashAttn: c.FlashAttn != "off",
		SWAFull: c.SWAFull, KVUnified: c.KVUnified, Release: lib.Version,
	}
}

func kvLayers(p kv.Plan) []results.KVLayer {
	out := make([]results.KVLayer, 0, len(p.Layers))
	for _, l := range p.Layers {
		out = append(out, results.KVLayer{Layer: l.Layer, Class: string(l.Class), Cells: l.Cells, KBytes: l.KBytes, VBytes: l.VBytes})
	}
	return out
}

func ptr[T any](v T) *T { return &v }
