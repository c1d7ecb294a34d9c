package runtimes_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"assay/harness/failure"
	"assay/harness/runtime"
	"assay/predict/arch"
	"assay/predict/kv"
	"assay/results"
)

// toy is a third runtime, all of it: it allocates a cache of 32-bit numbers in Go
// and multiplies a vector by a square matrix for each token and layer.
type toy struct{}

// shape is the model that toy runs, as it is written to a file.
type shape struct {
	Hidden, Layers, Row int64
}

func shapeOf(f arch.Facts) shape {
	s := shape{Hidden: min(f.Hidden, 64)}
	for _, l := range f.Layers {
		if a := l.Attention; a != nil {
			s.Layers++
			s.Row = a.KVHeads * a.KeyDim
		}
	}
	return s
}

func (toy) Name() string                       { return "toy" }
func (toy) Architecture(f arch.Facts) string   { return f.ModelType }
func (toy) Owns(ref string) bool               { return strings.HasSuffix(ref, ".toy") }
func (toy) Behind(c results.Case) results.Case { return c }
func (toy) CacheTypes() []string               { return nil }
func (toy) WeightTypes(string) []string        { return []string{"f32"} }

func (toy) UsualTypes(arch.Facts) []string { return []string{"f32"} }

func (toy) Weigh(f arch.Facts, _ string) (runtime.Weights, error) {
	return runtime.Weights{Bytes: new(4 * shapeOf(f).Hidden * shapeOf(f).Hidden)}, nil
}

func (t toy) WeighAs(f arch.Facts) ([]runtime.WeightsAs, error) {
	w, err := t.Weigh(f, "f32")
	return []runtime.WeightsAs{{Type: "f32", Bytes: *w.Bytes, BitsPerElement: 32}}, err
}

func (toy) Calibration(results.Host) runtime.Calibration {
	return runtime.Calibration{Types: []string{"f32"}}
}

func (toy) Rivals(results.Case, results.Runtime) (kv.Params, bool) { return kv.Params{}, false }

func (toy) Settle(c results.Case, _ arch.Facts) results.Case {
	return results.Case{Kind: c.Kind, NPrompt: c.NPrompt, NGen: c.NGen, NDepth: c.NDepth, NSeq: 1, NCtx: c.NPrompt + c.NGen + c.NDepth}
}

func (toy) Predict(f, _ arch.Facts, _ string, c results.Case, _ results.Runtime) (*results.Predicted, error) {
	s := shapeOf(f)
	size := 4 * s.Row * int64(c.NCtx)
	p := &results.Predicted{Rules: runtime.ExactRules, KVBytes: new(2 * size * s.Layers),
		FLOPs: new(2 * s.Hidden * s.Hidden * s.Layers * int64(c.NPrompt+c.NGen)), WeightBytes: new(4 * s.Hidden * s.Hidden)}
	for i := range int(s.Layers) {
		p.KVLayers = append(p.KVLayers, results.KVLayer{Layer: i, Class: "full", Cells: int64(c.NCtx), KBytes: size, VBytes: size})
	}
	return p, nil
}

func (toy) SkeletonFacts(f arch.Facts, _ string) (arch.Facts, error) { return f, nil }

func (t toy) WriteSkeleton(ctx context.Context, dir string, f arch.Facts, kind, weightType string) (string, error) {
	path := filepath.Join(dir, f.SHA256()+".toy")
	return path, t.SynthAt(ctx, path, f, kind, weightType)
}

func (toy) SynthAt(_ context.Context, path string, f arch.Facts, _, _ string) error {
	text, err := json.Marshal(shapeOf(f))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

func (t toy) Accepts(path string, _ results.Kind) error {
	if t.Owns(path) {
		return nil
	}
	return failure.Input(fmt.Errorf("%s: toy runs .toy files", path))
}

func (toy) Open() (runtime.Engine, error) { return toyEngine{}, nil }

type toyEngine struct{}

func (toyEngine) Describe() results.Runtime {
	return results.Runtime{Name: "toy", Version: "1", Device: "cpu"}
}
func (toyEngine) Devices() []string { return []string{"cpu"} }

func (toyEngine) Plan(context.Context, string, results.Case) (*results.Measured, error) {
	return &results.Measured{}, nil
}

func (toyEngine) Load(_ context.Context, path string, _ results.Case) (runtime.Session, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := &toySession{}
	if err := json.Unmarshal(text, &s.shape); err != nil {
		return nil, err
	}
	s.weights = make([]float32, s.Hidden*s.Hidden)
	return s, nil
}

// toySession counts each multiplication and each addition that it does.
type toySession struct {
	shape
	weights []float32
	flops   int64
}

func (s *toySession) Close() error { return nil }

func (s *toySession) pass(tokens int) {
	in, out := make([]float32, s.Hidden), make([]float32, s.Hidden)
	for range int64(tokens) * s.Layers {
		for row := range s.Hidden {
			for column := range s.Hidden {
				out[row] += s.weights[row*s.Hidden+column] * in[column]
				s.flops += 2
			}
		}
	}
}

func (s *toySession) Observe(_ context.Context, c results.Case) (*results.Measured, []results.Check, error) {
	m := &results.Measured{KVBytes: new(int64), WeightBytes: new(int64(4 * len(s.weights)))}
	for i := range int(s.Layers) {
		keys, values := make([]float32, s.Row*int64(c.NCtx)), make([]float32, s.Row*int64(c.NCtx))
		l := results.KVLayer{Layer: i, Class: "full", Cells: int64(c.NCtx), KBytes: int64(4 * len(keys)), VBytes: int64(4 * len(values))}
		m.KVLayers = append(m.KVLayers, l)
		*m.KVBytes += l.KBytes + l.VBytes
	}
	s.flops = 0
	s.pass(c.NPrompt + c.NGen)
	m.FLOPs = new(s.flops)
	return m, nil, nil
}

func (s *toySession) Time(_ context.Context, c results.Case, n int, emit func(time.Duration)) (*results.Measured, error) {
	for range n {
		start := time.Now()
		s.pass(c.NPrompt + c.NGen)
		emit(time.Since(start))
	}
	return &results.Measured{}, nil
}
