package harness_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/llamacpp"
	"assay/harness/mlx"
	"assay/harness/record"
	"assay/harness/runtime"
	"assay/harness/skeleton"
	"assay/native/mlx/mlxtest"
	"assay/predict/arch"
	"assay/predict/safetensors"
	"assay/predict/source"
	"assay/results"
	"assay/results/logit"
)

func mlxEngine(t *testing.T) runtime.Engine {
	mlxtest.Library(t)
	engine, err := mlx.Runtime{}.Open()
	require.NoError(t, err)
	return engine
}

func mlxCase() results.Case {
	return results.Case{Kind: results.KindKV, NPrompt: 72, NGen: 4, NSeq: 1}
}

// folder writes a model for MLX with the fault, or without one: in half precision, but
// for experts, which MLX multiplies on the CPU in single precision alone.
func (m fault) folder(t *testing.T) modelFile {
	f, err := source.Load(t.Context(), "preset:"+m.preset, source.Options{})
	require.NoError(t, err)
	f = skeleton.FolderFacts(f)
	f.Layers = f.Layers[:min(6, len(f.Layers))]
	f.RopeBase, f.NormEpsilon = 10000, 1e-5
	if windowed(f) {
		eachWindow(&f, outputWindow)
	}
	if m.facts != nil {
		m.facts(&f)
	}
	file := modelFile{weights: "f16", facts: f, path: filepath.Join(t.TempDir(), "m")}
	if f.Layers[0].FeedForward.Experts != nil {
		file.weights = "f32"
	}
	require.NoError(t, skeleton.WriteFolder(t.Context(), file.path, f, file.weights, true))
	if m.tensor != "" {
		m.spoilFile(t, filepath.Join(file.path, "model.safetensors"))
	}
	return file
}

// spoilFile changes the fault's tensor where it lies.
func (m fault) spoilFile(t *testing.T, path string) {
	weights, err := safetensors.Open(path)
	require.NoError(t, err)
	defer weights.Close()
	spoilt := false
	for _, tensor := range weights.Tensors {
		if tensor.Name != m.tensor {
			continue
		}
		spoilt = true
		data := make([]uint16, tensor.Bytes/2)
		require.NoError(t, binary.Read(weights.Data(tensor), binary.LittleEndian, data))
		m.spoil(data, int(tensor.Shape[len(tensor.Shape)-1]))
		var raw bytes.Buffer
		require.NoError(t, binary.Write(&raw, binary.LittleEndian, data))
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		require.NoError(t, err)
		var header int64 // the data lie behind it and its length
		require.NoError(t, binary.Read(file, binary.LittleEndian, &header))
		_, err = file.WriteAt(raw.Bytes(), 8+header+tensor.Offset)
		require.NoError(t, err)
		require.NoError(t, file.Close())
	}
	require.True(t, spoilt, "no tensor is called %s", m.tensor)
}

// mlxFaults are models of which one thing is wrong, as MLX runs them.
var mlxFaults = []fault{
	{name: "a mask that ends before the window does", preset: "gemma-3-12b", facts: func(f *arch.Facts) { eachWindow(f, outputWindow-4) }},
	{name: "a mask that goes on behind the window", preset: "gemma-3-12b", facts: func(f *arch.Facts) { eachWindow(f, 4*outputWindow) }},
	{name: "a layer's attention is twice as large", preset: "qwen2.5-0.5b", tensor: "model.layers.2.self_attn.o_proj.weight", spoil: doubled},
	{name: "a head's scale", preset: "qwen2.5-0.5b", tensor: "model.layers.2.self_attn.v_proj.weight", spoil: doubledBlock(2, 0)},
	{name: "rows of the embedding moved by one", preset: "qwen2.5-0.5b", tensor: "model.embed_tokens.weight", spoil: shiftRows},
	{name: "a head's queries are negated", preset: "qwen2.5-0.5b", tensor: "model.layers.1.self_attn.q_proj.weight", spoil: negateBlock(2, 0)},
	{name: "a head's values are missing", preset: "qwen2.5-0.5b", tensor: "model.layers.1.self_attn.v_proj.weight", spoil: zeroBlock(2, 1)},
	{name: "a head's keys are the other's", preset: "qwen2.5-0.5b", tensor: "model.layers.0.self_attn.k_proj.weight",
		spoil: swapBlocks(2, 0, 1)},
	{name: "a layer's output is missing", preset: "qwen2.5-0.5b", tensor: "model.layers.2.mlp.down_proj.weight", spoil: zeroBlock(1, 0)},
	{name: "the base of the rotation", preset: "qwen2.5-0.5b", facts: func(f *arch.Facts) { f.RopeBase = 500000 }},
	{name: "the epsilon of norms", preset: "qwen2.5-0.5b", facts: func(f *arch.Facts) { f.NormEpsilon = 0.1 }},
	{name: "two experts changed places", preset: "qwen3-30b-a3b", tensor: "model.layers.1.mlp.switch_mlp.up_proj.weight",
		spoil: swapBlocks(8, 0, 1)},
	{name: "an expert that is never chosen", preset: "qwen3-30b-a3b", tensor: "model.layers.0.mlp.switch_mlp.gate_proj.weight",
		spoil: zeroBlock(8, 2)},
	{name: "one expert fewer is used", preset: "qwen3-30b-a3b", facts: func(f *arch.Facts) {
		eachExperts(f,
			func(e *arch.Experts) { e.Used-- })
	}},
}

// TestFaultsComeOutOfMLX: each is found beside the sound model, which comes to the
// same in one call and token by token.
func TestFaultsComeOutOfMLX(t *testing.T) {
	engine := mlxEngine(t)
	sound := map[string]results.Record{}
	for _, m := range mlxFaults {
		base, ok := sound[m.preset]
		if !ok {
			file := fault{preset: m.preset}.folder(t)
			base = cameOut(t, engine, file, mlxCase())
			sound[m.preset] = base
			stepped := mlxCase()
			stepped.NPrompt, stepped.NGen = 40, 36
			rec := cameOut(t, engine, file, stepped)
			record.CameOut(&rec, []results.Record{base})
			assert.Equal(t, results.Check{Name: results.OutputCheck, OK: true}, rec.Checks[len(rec.Checks)-1], m.preset)
		}
		rec := cameOut(t, engine, m.folder(t), mlxCase())
		record.CameOut(&rec, []results.Record{base})
		check := rec.Checks[len(rec.Checks)-1]
		if assert.Equal(t, results.OutputCheck, check.Name, m.name) && assert.False(t, check.OK, m.name) {
			t.Logf("%s: %s", m.name, check.Detail)
		}
	}
}

// TestRuntimesComeToTheSame: llama.cpp and MLX, on the same weights in float32, agree
// within the noise of both; a fault of one of them does not.
func TestRuntimesComeToTheSame(t *testing.T) {
	inMLX, inLlama := mlxEngine(t), llamaEngine(t)
	for _, preset := range []string{"qwen2.5-0.5b", "qwen3-30b-a3b"} {
		path, folder := sameWeights(t, preset)
		f, err := source.Load(t.Context(), "preset:"+preset, source.Options{})
		require.NoError(t, err)
		f = skeleton.FolderFacts(f)
		f.Layers = f.Layers[:4]
		c := outputCase()
		one := cameOut(t, inLlama, modelFile{path: path, weights: "f32", facts: f}, c)
		other := cameOut(t, inMLX, modelFile{path: folder, weights: "f32", facts: f}, mlxCase())
		g := logit.Agree(one.Measured.Output, other.Measured.Output, one.Predicted.OutputNoise, other.Predicted.OutputNoise)
		require.NotNil(t, g, preset)
		assert.True(t, g.Holds(), "%s: %s", preset, g)
		assert.Positive(t, g.Off, "two runtimes do not round alike")
		t.Logf("%s: %s", preset, g)
	}
}

// A weight that is not a number makes an output that is none, in both runtimes, and
// the case fails in these words.
func TestNotANumberComesOut(t *testing.T) {
	nan := func(data []uint16, _ int) { data[5] = 0x7e00 }
	for name, rec := range map[string]results.Record{
		llamacpp.Name: cameOut(t, llamaEngine(t), fault{preset: "qwen2.5-0.5b", tensor: "blk.1.ffn_down.weight", spoil: nan}.write(t, 2),
			outputCase()),
		mlx.Name: cameOut(t, mlxEngine(t), fault{preset: "qwen2.5-0.5b", tensor: "model.layers.1.mlp.down_proj.weight",
			spoil: nan}.folder(t), mlxCase()),
	} {
		record.CameOut(&rec, nil)
		assert.Equal(t, results.StatusFailed, rec.Status, name)
		assert.Contains(t, rec.Error, "what came out is not a number", name)
		assert.False(t, math.IsNaN(rec.Measured.Output.LogLikelihood), name)
	}
}
