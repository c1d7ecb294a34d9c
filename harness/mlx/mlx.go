// Package mlx is the adapter of MLX, run as mlx-lm runs it, and alone at its
// library: what is known of it without loading it, and its engine. It does not know
// other runtimes, suites, stores.
package mlx

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"assay/harness/failure"
	"assay/harness/runtime"
	"assay/harness/skeleton"
	"assay/native/dylib"
	"assay/native/mlx"
	"assay/native/mlx/lm"
	"assay/predict/arch"
	"assay/predict/cost"
	"assay/predict/kv"
	"assay/results"
	"assay/results/form"
)

// Runtime is the adapter of MLX, run as mlx-lm runs it: what is known without
// loading it.
type Runtime struct{}

func (Runtime) Name() string { return Name }

// Architecture is the model type, by which mlx-lm finds its module.
func (Runtime) Architecture(f arch.Facts) string { return f.ModelType }

// Owns folders of safetensors.
func (Runtime) Owns(ref string) bool {
	weights, _ := filepath.Glob(filepath.Join(ref, "*.safetensors"))
	return len(weights) > 0
}

// Behind has as many tokens come before as the context leaves.
func (Runtime) Behind(c results.Case) results.Case {
	c.NDepth = max(c.NDepth, c.NCtx-c.NPrompt-c.NGen)
	return c
}

// Rivals do not speak of mlx-lm's caches, which grow with the tokens.
func (Runtime) Rivals(results.Case, results.Runtime) (kv.Params, bool) { return kv.Params{}, false }

// Settle keeps what mlx-lm knows: its cache has the weights' type unless it is
// quantised, and grows as tokens come of each sequence. A bound is
// left out for models that choose caches of their own.
func (Runtime) Settle(c results.Case, f arch.Facts) results.Case {
	out := c.KnownTo(Name)
	out.NSeq = max(1, c.NSeq)
	if c.Kind != results.KindPlan {
		out.NCtx = c.NPrompt + c.NGen + c.NDepth
	}
	switch {
	case out.KVBits == 0:
		out.KVGroupSize, out.QuantizedKVStart = 0, 0
	case out.KVGroupSize == 0:
		out.KVGroupSize = kv.MLXGroupSize
	}
	if !kv.MLXBounds(f) {
		out.MaxKVSize = 0
	}
	return out
}

func (Runtime) CacheTypes() []string { return nil }

func (Runtime) WeightTypes(kind string) []string {
	if kind == runtime.SkeletonSparse {
		return cost.MLXWeightTypes()
	}
	return skeleton.FolderTypes()
}

// Accepts folders whose model type runs and whose configuration it reads; a plan
// reads headers of any.
func (Runtime) Accepts(path string, kind results.Kind) error {
	if _, err := os.Stat(filepath.Join(path, "config.json")); err != nil {
		return failure.Input(fmt.Errorf("%s: mlx runs Hugging Face folders with a config.json and safetensors; measure a skeleton of the "+
			"model with --skeleton full, or leave mlx out with --runtime llama.cpp", path))
	}
	if kind == results.KindPlan {
		return nil
	}
	return failure.Input(lm.Runs(path))
}

func (Runtime) SkeletonFacts(f arch.Facts, kind string) (arch.Facts, error) {
	if kind == runtime.SkeletonKV {
		f = skeleton.FolderFacts(f)
	}
	f.Path, f.Tensors = "", nil // the skeleton's own follow from its type
	_, err := skeleton.Config(f)
	return f, err
}

func (Runtime) WriteSkeleton(ctx context.Context, dir string, f arch.Facts, kind, weightType string) (string, error) {
	dir = filepath.Join(dir, Name)
	if kind == runtime.SkeletonSparse {
		return skeleton.SparseFolder(ctx, dir, f, weightType)
	}
	return skeleton.Folder(ctx, dir, f, weightType)
}

func (Runtime) SynthAt(ctx context.Context, path string, f arch.Facts, kind, weightType string) error {
	return skeleton.WriteFolder(ctx, path, f, weightType, kind != runtime.SkeletonSparse)
}

// Choice takes the CPU where a case takes no device.
func (Runtime) Choice(c results.Case) (string, error) {
	if c.Devices != form.NoDevices {
		return "", nil
	}
	return mlx.DeviceVariable + "=" + onProcessor, nil
}

func (Runtime) Open() (runtime.Engine, error) {
	path, err := dylib.Here().Find(mlx.Spec())
	if err != nil {
		return nil, err
	}
	lib, err := mlx.Open(path)
	if err != nil {
		return nil, err
	}
	sum, err := dylib.SHA256(path)
	if err != nil {
		return nil, err
	}
	return &engine{lib: lib, sha256: sum}, nil
}

// Predict walks mlx-lm's cache through the case and counts what it executes on
// the way. A model type whose forward pass is not known has no arithmetic.
func (Runtime) Predict(f, run arch.Facts, weightType string, c results.Case, lib results.Runtime) (*results.Predicted, error) {
	if c.Devices == form.NoDevices {
		lib.Device = onProcessor
	}
	params := params(run, weightType, c)
	if err := kv.MLXBatches(f, params); err != nil {
		return nil, err
	}
	cache, err := kv.MLX(f, params)
	if err != nil {
		return nil, err
	}
	for _, tokens := range calls(c) {
		cache.Append(tokens)
	}
	plan := cache.Plan()
	p := &results.Predicted{
		Rules: runtime.ExactRules, KVBytes: new(plan.Bytes()), KVLayers: runtime.KVLayers(plan), PeakKVBytes: new(cache.PeakBytes()),
		Fallbacks: wrongFor(run, weightType, c, lib),
	}
	if c.Kind != results.KindPlan { // out of which nothing comes
		p.OutputNoise = outputNoise(run, weightType, c)
	}
	size, err := cost.MLXWeightBytes(run, weightType)
	if errors.Is(err, cost.ErrNoRule) {
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	p.WeightBytes = &size
	if p.Memory, err = memoryOf(run, weightType, c, lib); err != nil {
		return nil, err
	}
	if c.Kind == results.KindPlan { // which executes nothing
		return p, nil
	}
	if p.Cost, err = costOf(run, weightType, c, params); errors.Is(err, cost.ErrNoRule) {
		return p, nil // weights are known of a folder's headers, what they are for is not
	}
	if p.Cost != nil {
		p.FLOPs, p.BytesMoved = runtime.FLOPs(p.Cost), runtime.BytesMoved(p.Cost)
	}
	return p, err
}
