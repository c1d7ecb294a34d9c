package harness_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/llamacpp"
	"assay/harness/record"
	"assay/harness/runtime"
	"assay/harness/skeleton"
	"assay/harness/subject"
	"assay/harness/worker/workertest"
	"assay/predict/arch"
	family "assay/predict/family/llamacpp"
	"assay/predict/gguf"
	"assay/predict/source"
	"assay/results"
	"assay/results/logit"
)

// outputWindow is the window of all windowed layers here: one that a short sequence
// goes past.
const outputWindow = 32

// outputFacts are the first layers of a preset, small, with a short window.
func outputFacts(t *testing.T, preset string, layers int) arch.Facts {
	f, err := source.Load(t.Context(), "preset:"+preset, source.Options{})
	require.NoError(t, err)
	f = family.KVFaithful(f)
	f.Layers = f.Layers[:min(layers, len(f.Layers))]
	for i, l := range f.Layers {
		if l.Attention != nil && l.Attention.Window > 0 {
			own := *l.Attention
			own.Window = outputWindow
			f.Layers[i].Attention = &own
		}
	}
	return f
}

// outputCase is the case that settings and faults are held against.
func outputCase() results.Case {
	return results.Case{Kind: results.KindKV, NCtx: 512, NPrompt: 72, NGen: 4, NBatch: 512, NUbatch: 512, NSeq: 1,
		TypeK: "f16", TypeV: "f16", FlashAttn: "off", NThreads: 1}
}

// modelFile is a GGUF with the facts that it was written from.
type modelFile struct {
	path, weights string
	facts         arch.Facts
}

// cameOut runs a case of a file in this process and answers its record.
func cameOut(t *testing.T, engine runtime.Engine, file modelFile, c results.Case) results.Record {
	t.Helper()
	s, err := engine.Load(t.Context(), file.path, c)
	require.NoError(t, err)
	defer func() { assert.NoError(t, s.Close()) }()
	return outputRecord(t, engine, s, file, c)
}

func outputRecord(t *testing.T, engine runtime.Engine, s runtime.Session, file modelFile, c results.Case) results.Record {
	t.Helper()
	m, _, err := s.Observe(t.Context(), c)
	require.NoError(t, err)
	require.NotNil(t, m.Output)
	rec := results.Record{Status: results.StatusOK, Runtime: engine.Describe(), Model: results.Model{Name: "m"}, Case: c, Measured: m}
	rec.Case.NCtx = c.NPrompt + c.NGen + c.NDepth
	record.Predict(&rec, subject.Item{Runtime: rec.Runtime.Name, WeightType: file.weights, Case: c, Facts: file.facts, Run: file.facts})
	return rec
}

func llamaEngine(t *testing.T) runtime.Engine {
	workertest.NeedLlama(t)
	engine, err := llamacpp.Runtime{}.Open()
	require.NoError(t, err)
	return engine
}

// harmless are settings that must not change what comes out.
var harmless = map[string]func(*results.Case){
	"flash attention":      func(c *results.Case) { c.FlashAttn = "on" },
	"small batches":        func(c *results.Case) { c.NBatch, c.NUbatch = 16, 7 },
	"two in one cache":     func(c *results.Case) { c.NSeq, c.KVUnified = 2, true },
	"swa_full":             func(c *results.Case) { c.SWAFull = true },
	"two threads":          func(c *results.Case) { c.NThreads = 2 },
	"one token at a time":  func(c *results.Case) { c.NPrompt, c.NGen = 0, 76 },
	"two sequences, flash": func(c *results.Case) { c.NCtx, c.FlashAttn, c.NSeq = 2048, "on", 2 },
}

// outputModel is a preset of which so many layers run.
type outputModel struct {
	preset string
	layers int
	types  []string
}

// outputModels are one of each kind of attention and feed-forward part.
var outputModels = []outputModel{
	{"qwen2.5-0.5b", 4, []string{"f32", "bf16", "q8_0"}},
	{"gemma-2-9b", 2, []string{"f16"}},
	{"gemma-3-12b", 6, []string{"q4_0"}},
	{"qwen3-30b-a3b", 3, []string{"f16", "q8_0"}},
	{"gpt-oss-20b", 2, []string{"mxfp4"}},
	{"deepseek-v2-lite", 2, []string{"f16"}},
}

// TestHarmlessSettings: over kinds of model, types of weights and settings that must
// not matter, all that differs is explained by rounding. With ASSAY_ALL set it takes
// every family that there is a preset of.
func TestHarmlessSettings(t *testing.T) {
	engine := llamaEngine(t)
	models := outputModels
	if os.Getenv("ASSAY_ALL") != "" {
		for _, name := range familyPresets {
			models = append(models, outputModel{name, 6, []string{"f16", "q5_0"}})
		}
	}
	worst := 0.0
	for _, m := range models {
		for _, typ := range m.types {
			start := time.Now()
			off, line := heldHarmless(t, engine, m, typ)
			worst = max(worst, off)
			t.Logf("%-18s %-5s%s %s", m.preset, typ, line, time.Since(start).Round(time.Millisecond))
		}
	}
	t.Logf("at most %.2f of what is allowed", worst)
}

// heldHarmless runs a model in all settings, and answers the largest part of what is
// allowed and what each was off by.
func heldHarmless(t *testing.T, engine runtime.Engine, m outputModel, typ string) (worst float64, line string) {
	file := modelFile{weights: typ, facts: outputFacts(t, m.preset, m.layers)}
	var err error
	file.path, err = skeleton.GGUF(t.Context(), t.TempDir(), file.facts, typ)
	require.NoError(t, err)
	s, err := engine.Load(t.Context(), file.path, outputCase())
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	base := outputRecord(t, engine, s, file, outputCase())
	require.NotNil(t, base.Predicted.OutputNoise, "%s %s", m.preset, typ)
	for _, name := range slices.Sorted(maps.Keys(harmless)) {
		c := outputCase()
		harmless[name](&c)
		rec := outputRecord(t, engine, s, file, c)
		record.CameOut(&rec, []results.Record{base})
		check := rec.Checks[len(rec.Checks)-1]
		require.Equal(t, results.OutputCheck, check.Name)
		assert.True(t, check.OK, "%s %s, %s: %s", m.preset, typ, name, check.Detail)
		g := logit.Agree(base.Measured.Output, rec.Measured.Output, base.Predicted.OutputNoise, rec.Predicted.OutputNoise)
		line += fmt.Sprintf(" %.2g/%.2g", g.Off, g.Allowed)
		worst = max(worst, g.Off/g.Allowed)
	}
	return worst, line
}

// spoil changes the data of a tensor of half-precision numbers, rows of width.
type spoil func(data []uint16, width int)

// fault is one thing wrong with a file.
type fault struct {
	name, preset string
	// facts changes what the file says of itself, tensor is the one that is spoilt.
	facts  func(*arch.Facts)
	tensor string
	spoil  spoil
}

// outputFaults are models of which one thing is wrong. What is said of each is that
// it does not come to the same.
var outputFaults = []fault{
	{name: "two experts changed places", preset: "qwen3-30b-a3b", tensor: "blk.1.ffn_up_exps.weight", spoil: swapBlocks(8, 0, 1)},
	{name: "an expert's rows are another's", preset: "qwen3-30b-a3b", tensor: "blk.2.ffn_down_exps.weight", spoil: copyBlock(8, 0, 3)},
	{name: "an expert that is never chosen", preset: "qwen3-30b-a3b", tensor: "blk.0.ffn_gate_exps.weight", spoil: zeroBlock(8, 2)},
	{name: "one expert fewer is used", preset: "qwen3-30b-a3b", facts: func(f *arch.Facts) {
		eachExperts(f,
			func(e *arch.Experts) { e.Used-- })
	}},
	{name: "a layer's output is twice as large", preset: "qwen2.5-0.5b", tensor: "blk.3.attn_output.weight", spoil: doubled},
	{name: "a layer's output is missing", preset: "qwen2.5-0.5b", tensor: "blk.2.ffn_down.weight", spoil: zeroBlock(1, 0)},
	{name: "a head's queries are negated", preset: "qwen2.5-0.5b", tensor: "blk.1.attn_q.weight", spoil: negateBlock(2, 0)},
	{name: "a head's values are missing", preset: "qwen2.5-0.5b", tensor: "blk.1.attn_v.weight", spoil: zeroBlock(2, 1)},
	{name: "a head's keys are the other's", preset: "qwen2.5-0.5b", tensor: "blk.0.attn_k.weight", spoil: swapBlocks(2, 0, 1)},
	{name: "the base of the rotation", preset: "qwen2.5-0.5b", facts: func(f *arch.Facts) { f.RopeBase = 500000 }},
	{name: "the epsilon of norms", preset: "qwen2.5-0.5b", facts: func(f *arch.Facts) { f.NormEpsilon = 0.1 }},
	{name: "a window that is too short", preset: "gemma-3-12b", facts: func(f *arch.Facts) { eachWindow(f, outputWindow/2) }},
	{name: "a window that is too long", preset: "gemma-3-12b", facts: func(f *arch.Facts) { eachWindow(f, 4*outputWindow) }},
	{name: "rows of the embedding moved by one", preset: "gemma-3-12b", tensor: "token_embd.weight", spoil: shiftRows},
	{name: "the heads' values changed places", preset: "qwen2.5-0.5b", tensor: "blk.1.attn_v.weight", spoil: swapBlocks(2, 0, 1)},
	{name: "the scale of the scores is left out", preset: "granite-3.1-8b", facts: func(f *arch.Facts) { f.Scales.Attention = 0 }},
	{name: "the scale of what a part adds", preset: "granite-3.1-8b", facts: func(f *arch.Facts) { f.Scales.Residual *= 1.5 }},
	{name: "experts' weights that should not sum up to one", preset: "deepseek-v2-lite", facts: func(f *arch.Facts) {
		eachExperts(f, func(e *arch.Experts) { e.NormedWeights = !e.NormedWeights })
	}},
	{name: "the scale of experts' weights", preset: "deepseek-v2-lite", facts: func(f *arch.Facts) {
		eachExperts(f, func(e *arch.Experts) { e.WeightScale = 2 })
	}},
}

// blocks cuts data into n equal parts.
func blocks(data []uint16, n int) [][]uint16 {
	size := len(data) / n
	var out [][]uint16
	for i := range n {
		out = append(out, data[i*size:(i+1)*size])
	}
	return out
}

func swapBlocks(n, a, b int) spoil {
	return func(data []uint16, _ int) {
		parts := blocks(data, n)
		for i := range parts[a] {
			parts[a][i], parts[b][i] = parts[b][i], parts[a][i]
		}
	}
}

func copyBlock(n, to, from int) spoil {
	return func(data []uint16, _ int) { copy(blocks(data, n)[to], blocks(data, n)[from]) }
}

func zeroBlock(n, at int) spoil { return func(data []uint16, _ int) { clear(blocks(data, n)[at]) } }

func negateBlock(n, at int) spoil {
	return func(data []uint16, _ int) {
		for i := range blocks(data, n)[at] {
			blocks(data, n)[at][i] ^= 1 << 15
		}
	}
}

func doubledBlock(n, at int) spoil {
	return func(data []uint16, width int) { doubled(blocks(data, n)[at], width) }
}

// doubled adds one to the exponent of each number.
func doubled(data []uint16, _ int) {
	for i := range data {
		data[i] += 1 << 10
	}
}

func shiftRows(data []uint16, width int) { copy(data[width:], bytes16(data[:len(data)-width])) }

func bytes16(data []uint16) []uint16 { return append([]uint16(nil), data...) }

func eachExperts(f *arch.Facts, change func(*arch.Experts)) {
	for i, l := range f.Layers {
		if l.FeedForward.Experts == nil {
			continue
		}
		ff, e := *l.FeedForward, *l.FeedForward.Experts
		change(&e)
		ff.Experts = &e
		f.Layers[i].FeedForward = &ff
	}
}

func eachWindow(f *arch.Facts, window int64) {
	for i, l := range f.Layers {
		if l.Attention.Window > 0 {
			own := *l.Attention
			own.Window = window
			f.Layers[i].Attention = &own
		}
	}
}

// write writes a model with the fault, or without one for nil.
func (m fault) write(t *testing.T, layers int) modelFile {
	file := modelFile{weights: "f16", facts: outputFacts(t, m.preset, layers), path: filepath.Join(t.TempDir(), "m.gguf")}
	if m.facts != nil {
		m.facts(&file.facts)
	}
	spoilt := m.tensor == ""
	require.NoError(t, skeleton.WriteGGUF(t.Context(), file.path, file.facts, family.TypePlan{Matrices: "f16"},
		func(tensor gguf.Tensor, w io.Writer) error {
			if tensor.Name != m.tensor {
				return skeleton.Random(tensor, w)
			}
			spoilt = true
			require.Equal(t, gguf.F16, tensor.Type)
			var raw bytes.Buffer
			if err := skeleton.Random(tensor, &raw); err != nil {
				return err
			}
			data := make([]uint16, raw.Len()/2)
			if err := binary.Read(&raw, binary.LittleEndian, data); err != nil {
				return err
			}
			m.spoil(data, int(tensor.Shape[0]))
			return binary.Write(w, binary.LittleEndian, data)
		}))
	require.True(t, spoilt, "no tensor is called %s", m.tensor)
	return file
}

// TestFaultsComeOut: each model of which one thing is wrong is found beside the sound
// one, in the words that say how far it is off and from which token on.
func TestFaultsComeOut(t *testing.T) {
	engine := llamaEngine(t)
	sound := map[string]results.Record{}
	for _, m := range outputFaults {
		base, ok := sound[m.preset]
		if !ok {
			base = cameOut(t, engine, fault{preset: m.preset}.write(t, 4), outputCase())
			sound[m.preset] = base
		}
		rec := cameOut(t, engine, m.write(t, 4), outputCase())
		record.CameOut(&rec, []results.Record{base})
		check := rec.Checks[len(rec.Checks)-1]
		if !assert.Equal(t, results.OutputCheck, check.Name, m.name) || !assert.False(t, check.OK, m.name) {
			continue
		}
		t.Logf("%s: %s", m.name, check.Detail)
		for _, word := range []string{"of their spread apart at token", "where rounding explains", "KL", "largest difference"} {
			assert.Contains(t, check.Detail, word, m.name)
		}
		if strings.Contains(m.name, "window") { // before its end all is well
			assert.Less(t, distanceAt(base, rec, 15), 1e-3, m.name)
		}
	}
}

// distanceAt is how far logits at a token are apart.
func distanceAt(a, b results.Record, at int) float64 {
	one := func(o *logit.Output) *logit.Output {
		out := *o
		out.Positions = nil
		for _, p := range o.Positions {
			if p.At == at {
				out.Positions = append(out.Positions, p)
			}
		}
		return &out
	}
	d := logit.Diverge(one(a.Measured.Output), one(b.Measured.Output))
	if d == nil {
		return math.Inf(1)
	}
	return d.Distance
}
