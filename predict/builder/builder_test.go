package builder_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	"assay/predict/builder"
	"assay/predict/cost"
	"assay/predict/kv"
	"assay/predict/source"
)

var update = flag.Bool("update", false, "rewrite the goldens")

func load(t *testing.T, ref string) arch.Facts {
	t.Helper()
	f, err := source.Load(context.Background(), ref, source.Options{})
	require.NoError(t, err)
	return f
}

func build(t *testing.T, f arch.Facts, opt builder.Options) builder.Model {
	t.Helper()
	m, err := builder.Build(f, opt)
	require.NoError(t, err)
	return m
}

// outOfReach are presets with layers that no class takes: their gap reports say so.
var outOfReach = map[string]bool{}

// TestAgreesWithThePredictors holds the classes' sums against rules that share
// no code with them: parameters, bytes and operations of package cost, cache
// and states of package kv.
func TestAgreesWithThePredictors(t *testing.T) {
	for _, name := range source.Presets() {
		t.Run(name, func(t *testing.T) {
			f := load(t, name)
			m := build(t, f, builder.Options{})
			assert.True(t, m.Valid(), "%v", m.Discrepancies())
			assert.Equal(t, outOfReach[name], len(m.Gaps) > 0, "%v", m.Gaps)
			if len(m.Gaps) > 0 {
				return
			}
			var sum builder.Cost
			var bytes int64
			for _, l := range m.Layers {
				c := l.Cost(builder.OneToken())
				sum.Params += c.Params * l.Count()
				sum.Active += c.Active * l.Count()
				sum.WeightFLOPs += c.WeightFLOPs * l.Count()
				sum.KVBytes += c.KVBytes * l.Count()
				bytes += l.WeightBytes
			}
			size, err := cost.SizeOf(f, "")
			require.NoError(t, err)
			assert.Equal(t, size.Params, sum.Params)
			assert.Equal(t, size.Active, sum.Active)
			assert.Equal(t, size.Bytes, bytes)

			params := kv.Params{NCtx: 512, FlashAttn: true}
			work, err := cost.LlamaCpp(f, params, cost.Work{Kind: cost.Decode, NGen: 1})
			require.NoError(t, err)
			var products int64
			for _, term := range work.Terms {
				if term.Class != cost.Attention {
					products += term.FLOPs
				}
			}
			assert.Equal(t, products, sum.WeightFLOPs)

			plan, err := kv.LlamaCpp(f, params)
			require.NoError(t, err)
			kept := plan.TokenBytes()
			for _, l := range plan.Layers {
				if l.Class == kv.Recurrent {
					kept += l.KRowBytes + l.VRowBytes
				}
			}
			assert.Equal(t, kept, sum.KVBytes)
		})
	}
}

// TestLoadsBack: a config is a model reference of the same architecture, for
// which the same is predicted.
func TestLoadsBack(t *testing.T) {
	for _, name := range []string{"llama-3.2-1b", "qwen1.5-moe-a2.7b", "deepseek-v2-lite", "gemma-3-12b", "falcon-h1-7b",
		"mamba-codestral-7b", "lfm2-1.2b", "gemma-3n-e4b", "llama-4-scout"} {
		t.Run(name, func(t *testing.T) {
			source := load(t, name)
			m := build(t, source, builder.Options{})
			text, err := m.Config().JSON()
			require.NoError(t, err)
			path := filepath.Join(t.TempDir(), m.ID()+".json")
			require.NoError(t, os.WriteFile(path, text, 0o644))
			back := load(t, path)
			assert.Equal(t, source.SHA256(), back.SHA256())
			assert.Equal(t, source.Name, back.Name)
			assert.Equal(t, source.Provenance, back.Provenance)
			for _, depth := range []int{0, 3000} {
				params := kv.Params{NCtx: 4096, FlashAttn: true}
				assert.Equal(t, plan(t, source, params), plan(t, back, params))
				work := cost.Work{Kind: cost.Decode, NGen: 1, NDepth: depth}
				assert.Equal(t, spent(t, source, params, work), spent(t, back, params, work))
			}
			again, err := build(t, back, builder.Options{}).Config().JSON()
			require.NoError(t, err)
			assert.Equal(t, withoutRef(text), withoutRef(again), "a config built of a config is the same")
		})
	}
}

func plan(t *testing.T, f arch.Facts, p kv.Params) kv.Plan {
	t.Helper()
	out, err := kv.LlamaCpp(f, p)
	require.NoError(t, err)
	return out
}

func spent(t *testing.T, f arch.Facts, p kv.Params, w cost.Work) cost.Cost {
	t.Helper()
	out, err := cost.LlamaCpp(f, p, w)
	require.NoError(t, err)
	return out
}

// withoutRef leaves out what the user typed.
func withoutRef(config []byte) string {
	var out []string
	for line := range strings.Lines(string(config)) {
		if !strings.HasPrefix(line, `    "ref": `) {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}

// golden compares with a file, or rewrites it.
func golden(t *testing.T, name string, write func(*bytes.Buffer) error) {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, write(&b))
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, b.Bytes(), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), b.String(), "run go test -update and read the difference")
}
