package mlx

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"assay/harness/machine"
	"assay/harness/runtime"
	"assay/native/mlx"
	"assay/native/mlx/lm"
	"assay/predict/safetensors"
	"assay/results"
	"assay/results/figure"
)

// engine is an opened libmlxc.
type engine struct {
	lib    *mlx.Library
	sha256 string
}

// obeyed are MLX's variables (mlx/utils.h, 0.32), those of the libraries that multiply
// on the CPU, and Metal's.
var obeyed = runtime.Obeyed{Prefixes: []string{"MLX_", "OPENBLAS_", "VECLIB_", "OMP_", "MTL_", "METAL_"}}

func (e *engine) Describe() results.Runtime {
	return results.Runtime{
		Devices: e.devices(),
		Name:    Name, Version: e.lib.Version, Path: e.lib.Path, SHA256: e.sha256,
		Layout: "mlx-c " + e.lib.Release.Name, Device: e.lib.Device, BLAS: e.lib.BLAS, Kernels: e.kernels(),
		Files: runtime.LoadedFiles(e.lib.KernelFile()), Variables: obeyed.Variables(),
	}
}

// kernels are what is known of the Metal kernels that MLX loads; nil where it
// loads none.
func (e *engine) kernels() *results.Kernels {
	file := e.lib.KernelFile()
	if file == "" {
		return nil
	}
	k := &results.Kernels{SDK: machine.SDK(), Wrong: wrongIn(e.lib.Version)}
	if count, err := mlx.NAXKernels(file); err == nil {
		k.NAX = &count
	}
	return k
}

// devices are the one that MLX computes on, by its own account; an Apple GPU shares the
// host's memory and may have of it what Metal recommends.
func (e *engine) devices() []results.Device {
	d := results.Device{Name: e.lib.Device, Type: "CPU"}
	if e.lib.Device != onProcessor {
		d.Type = "IGPU"
	}
	var info mlx.DeviceInfo
	_ = e.lib.Do(func(s *mlx.Scope) error { info = s.DeviceInfo(); return s.Err() }) // what it does not say is not described
	d.Description = strings.TrimSpace(info.Name + " " + info.Architecture)
	if info.WorkingSet > 0 {
		d.TotalBytes = &info.WorkingSet
	}
	return []results.Device{d}
}

func (e *engine) Devices() (lines []string) {
	for _, d := range e.devices() {
		line := d.Name + ": " + d.Description
		if d.TotalBytes != nil {
			line += " (" + figure.Bytes(*d.TotalBytes) + ")"
		}
		lines = append(lines, line)
	}
	return lines
}

// Plan reads the headers of the weights that would be loaded: MLX plans nothing
// itself.
func (e *engine) Plan(_ context.Context, path string, _ results.Case) (*results.Measured, error) {
	headers, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	defer headers.Close()
	ignored, err := ignoredIn(path, headers)
	if err != nil {
		return nil, err
	}
	m := &results.Measured{WeightBytes: new(int64), Memory: &results.Memory{}}
	for _, t := range headers.Tensors {
		if !ignored[t.Name] {
			*m.WeightBytes += t.Bytes
		}
	}
	machine.AddFootprint(m.Memory)
	return m, nil
}

// ignoredIn are the tensors of a folder that are not loaded; none are known of a
// model type that cannot be run.
func ignoredIn(path string, headers *safetensors.File) (map[string]bool, error) {
	config, err := os.ReadFile(filepath.Join(path, "config.json"))
	if err != nil {
		return nil, err
	}
	names := make([]string, len(headers.Tensors))
	for i, t := range headers.Tensors {
		names[i] = t.Name
	}
	ignored, err := lm.Ignored(config, names)
	var unsupported *lm.UnsupportedError
	if errors.As(err, &unsupported) {
		return nil, nil
	}
	return ignored, err
}

func (e *engine) Load(_ context.Context, path string, _ results.Case) (runtime.Session, error) {
	model, err := lm.Load(e.lib, path)
	if err != nil {
		return nil, err
	}
	return &session{model: model, random: rand.New(rand.NewPCG(1, 2))}, nil
}

// session is a folder loaded by MLX.
type session struct {
	model  *lm.Model
	random *rand.Rand
	// observed: the case was observed by this worker, which then reads its output too.
	observed bool
}

func (s *session) Close() error { return s.model.Close() }

func (s *session) tokens(n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = s.random.Int32N(int32(s.model.Vocab))
	}
	return out
}

// fill brings a fresh session to the case's depth.
func (s *session) fill(ctx context.Context, session *lm.Session, c results.Case) error {
	depth, _ := prompts(c)
	if depth == 0 {
		return nil
	}
	_, err := s.prefill(ctx, session, c, depth)
	return err
}

// prefill processes a prompt of so many random tokens for each sequence.
func (s *session) prefill(ctx context.Context, session *lm.Session, c results.Case, tokens int) (lm.Timing, error) {
	if c.NSeq <= 1 {
		return session.Prefill(ctx, s.tokens(tokens))
	}
	prompts := make([][]int32, c.NSeq)
	for i := range prompts {
		prompts[i] = s.tokens(tokens)
	}
	return session.PrefillBatch(ctx, prompts)
}

// pass runs what is timed of the case, behind fill.
func (s *session) pass(ctx context.Context, session *lm.Session, c results.Case) (took, host time.Duration, err error) {
	_, prompt := prompts(c)
	for _, step := range []struct {
		n   int
		run func() (lm.Timing, error)
	}{
		{prompt, func() (lm.Timing, error) { return s.prefill(ctx, session, c, prompt) }},
		{c.NGen, func() (lm.Timing, error) { return session.Decode(ctx, c.NGen) }},
	} {
		if step.n == 0 {
			continue
		}
		t, err := step.run()
		if err != nil {
			return 0, 0, err
		}
		took, host = took+t.Total, host+t.Host
	}
	return took, host, nil
}

// Time repeats the case as mlx_lm.benchmark does: one full warm-up, then each
// repetition with a cache of its own.
func (s *session) Time(ctx context.Context, c results.Case, n int, emit func(time.Duration)) (*results.Measured, error) {
	var host time.Duration
	for rep := range n + 1 {
		session, err := s.model.NewSession(cacheOptions(c))
		if err != nil {
			return nil, err
		}
		var took, busy time.Duration
		if err = s.fill(ctx, session, c); err == nil {
			took, busy, err = s.pass(ctx, session, c)
		}
		if err = errors.Join(err, session.Close()); err != nil {
			return nil, err
		}
		if rep > 0 {
			host += busy
			emit(took)
		}
	}
	perToken := float64(host.Nanoseconds()) / float64(n*max(1, c.Tokens()))
	m := &results.Measured{HostNSPerToken: &perToken, Memory: &results.Memory{}}
	machine.AddFootprint(m.Memory)
	if s.observed {
		var err error
		if m.Output, err = s.output(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}
