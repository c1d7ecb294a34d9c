package source_test

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	"assay/predict/safetensors"
)

// stored is a tensor as a file has it: type and shape, rows first.
type stored struct {
	dtype safetensors.DType
	shape []int64
}

// packedFolder writes smallConfig's model with its matrices packed as pack says,
// and what else the config states.
func packedFolder(t *testing.T, said string, pack func(module string, out, in int64) map[string]stored) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tiny")
	write(t, filepath.Join(dir, "config.json"), strings.Replace(smallConfig, "{", "{"+said+",", 1))
	var file safetensors.Writer
	all := weights()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		shape := all[name]
		module, isMatrix := strings.CutSuffix(name, "_proj.weight")
		if !isMatrix {
			file.Add(name, safetensors.BF16, shape...)
			continue
		}
		parts := pack(module+"_proj", shape[0], shape[1])
		for _, end := range slices.Sorted(maps.Keys(parts)) {
			file.Add(module+"_proj"+end, parts[end].dtype, parts[end].shape...)
		}
	}
	require.NoError(t, file.Create(filepath.Join(dir, "model.safetensors"), nil))
	return dir
}

func affine(bits, group int64) func(string, int64, int64) map[string]stored {
	return func(_ string, out, in int64) map[string]stored {
		return map[string]stored{
			".weight": {safetensors.U32, []int64{out, in * bits / 32}},
			".scales": {safetensors.BF16, []int64{out, in / group}}, ".biases": {safetensors.BF16, []int64{out, in / group}},
		}
	}
}

func gptq(bits, group int64) func(string, int64, int64) map[string]stored {
	return func(_ string, out, in int64) map[string]stored {
		return map[string]stored{
			".qweight": {"I32", []int64{in * bits / 32, out}}, ".qzeros": {"I32", []int64{in / group, out * bits / 32}},
			".scales": {safetensors.F16, []int64{in / group, out}}, ".g_idx": {"I32", []int64{in}},
		}
	}
}

func awq(bits, group int64) func(string, int64, int64) map[string]stored {
	return func(_ string, out, in int64) map[string]stored {
		return map[string]stored{
			".qweight": {"I32", []int64{in, out * bits / 32}}, ".qzeros": {"I32", []int64{in / group, out * bits / 32}},
			".scales": {safetensors.F16, []int64{in / group, out}},
		}
	}
}

func float8(_ string, out, in int64) map[string]stored {
	return map[string]stored{
		".weight": {"F8_E4M3", []int64{out, in}}, ".weight_scale_inv": {safetensors.F32, []int64{(out + 31) / 32, (in + 31) / 32}},
	}
}

func mxfp4(_ string, out, in int64) map[string]stored {
	return map[string]stored{".weight": {safetensors.U32, []int64{out, in / 8}}, ".scales": {safetensors.U8, []int64{out, in / 32}}}
}

func compressed(_ string, out, in int64) map[string]stored {
	return map[string]stored{
		".weight_packed": {"I32", []int64{out, in / 8}}, ".weight_scale": {safetensors.BF16, []int64{out, in / 32}},
		".weight_shape": {"I64", []int64{2}},
	}
}

// TestPackedWeights: every packing comes out at the unpacked model's shapes,
// with the bytes that the file has.
func TestPackedWeights(t *testing.T) {
	plain := load(t, modelFolder(t, t.TempDir(), smallConfig, weights(), false))
	for _, c := range []struct {
		name, said, as string
		pack           func(string, int64, int64) map[string]stored
		bits           float64 // of a weight, scales included
	}{
		{"affine 2", `"quantization": {"group_size": 32, "bits": 2}`, "affine-2g32", affine(2, 32), 3},
		{"affine 3", `"quantization": {"group_size": 32, "bits": 3}`, "affine-3g32", affine(3, 32), 4},
		{"affine 4", `"quantization": {"group_size": 32, "bits": 4, "mode": "affine"}`, "affine-4g32", affine(4, 32), 5},
		{"affine 6", `"quantization_config": {"group_size": 32, "bits": 6}`, "affine-6g32", affine(6, 32), 7},
		{"affine 8", `"quantization": {"group_size": 32, "bits": 8}`, "affine-8g32", affine(8, 32), 9},
		{"mxfp4", `"quantization": {"group_size": 32, "bits": 4, "mode": "mxfp4"}`, "mxfp4", mxfp4, 4.25},
		{"gptq 4", `"quantization_config": {"quant_method": "gptq", "group_size": 32, "bits": 4}`, "gptq-4g32", gptq(4, 32), 0},
		{"gptq 3", `"quantization_config": {"quant_method": "gptq", "group_size": 32, "bits": 3}`, "gptq-3g32", gptq(3, 32), 0},
		{"gptq 8", `"quantization_config": {"quant_method": "gptq", "group_size": 32, "bits": 8}`, "gptq-8g32", gptq(8, 32), 0},
		{"awq 4", `"quantization_config": {"quant_method": "awq", "group_size": 32, "bits": 4}`, "awq-4g32", awq(4, 32), 4 + 20./32},
		{"fp8", `"quantization_config": {"quant_method": "fp8", "weight_block_size": [32, 32]}`, "f8_e4m3", float8, 8 + 32./1024},
		{"compressed", `"quantization_config": {"config_groups": {"group_0": {"weights": {"num_bits": 4, "group_size": 32}}}}`,
			"packed-4g32", compressed, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := load(t, packedFolder(t, c.said, c.pack))
			assert.Empty(t, f.Contradictions)
			assert.Empty(t, f.Unknown)
			assert.Equal(t, plain.SHA256(), f.SHA256())
			assert.Contains(t, f.Provenance["weights.packing"].Detail, c.as+" in 14 weights")
			shapes := map[string][]int64{}
			for _, w := range f.Tensors {
				shapes[w.Name] = w.Shape
				var bytes int64
				for _, part := range w.Stored() {
					bytes += part.Bytes()
				}
				assert.Equal(t, bytes, w.Bytes())
				if len(w.Parts) > 0 {
					assert.Equal(t, c.as, w.Type)
					if c.bits > 0 {
						assert.InDelta(t, c.bits, 8*float64(w.Bytes())/float64(w.Elements()), 1e-9, w.Name)
					}
				}
			}
			for _, w := range plain.Tensors {
				assert.Equal(t, w.Shape, shapes[w.Name], w.Name)
			}
			assert.Len(t, f.Tensors, len(plain.Tensors))
		})
	}
}

// TestPackedExperts: gpt-oss keeps stacks of experts in blocks of 32 inputs.
func TestPackedExperts(t *testing.T) {
	dir := packedFolder(t, `"quantization_config": {"quant_method": "mxfp4"}`, func(_ string, out, in int64) map[string]stored {
		return map[string]stored{"_blocks": {safetensors.U8, []int64{4, out, in / 32, 16}}, "_scales": {safetensors.U8, []int64{4, out, in / 32}}}
	})
	f := load(t, dir)
	assert.Empty(t, f.Unknown)
	i := slices.IndexFunc(f.Tensors, func(w arch.Tensor) bool { return w.Name == "model.layers.1.mlp.down_proj" })
	require.GreaterOrEqual(t, i, 0)
	assert.Equal(t, []int64{96, 64, 4}, f.Tensors[i].Shape)
	assert.Equal(t, int64(96*64*4*17/32), f.Tensors[i].Bytes(), "4.25 bits a weight")
}

// TestPackedDefects plants one defect at a time; TestPackedWeights is the control.
func TestPackedDefects(t *testing.T) {
	const four = `"quantization": {"group_size": 32, "bits": 4}`
	without := func(end string, pack func(string, int64, int64) map[string]stored) func(string, int64, int64) map[string]stored {
		return func(module string, out, in int64) map[string]stored {
			parts := pack(module, out, in)
			delete(parts, end)
			return parts
		}
	}
	for _, c := range []struct {
		name, said string
		pack       func(string, int64, int64) map[string]stored
		want       string
	}{
		{"no group size", `"quantization": {"bits": 4}`, affine(4, 32), "add group_size and bits"},
		{"another group size", `"quantization": {"group_size": 48, "bits": 4}`, affine(4, 32), "no whole bits in groups of 48"},
		{"a group size beyond reason", `"quantization": {"group_size": 9007199254740991, "bits": 4}`, affine(4, 32), "add group_size and bits"},
		{"no biases", four, without(".biases", affine(4, 32)), "no known mode"},
		{"no scales", four, without(".scales", affine(4, 32)), "no rule unpacks it"},
		{"no zeros", `"quantization_config": {"bits": 4}`, without(".qzeros", gptq(4, 32)), "no rule unpacks it"},
		{"zeros of other bits", `"quantization_config": {"bits": 4}`, func(m string, out, in int64) map[string]stored {
			parts := gptq(4, 32)(m, out, in)
			parts[".qzeros"] = stored{"I32", []int64{in / 32, out / 4}}
			return parts
		}, "but g_idx orders"},
		{"blocks of another size", `"quantization_config": {"weight_block_size": [64, 32]}`, float8, "do not cover"},
		{"bits unsaid", `"quantization_config": {"quant_method": "compressed-tensors"}`, compressed, "0 bits by the config"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := load(t, packedFolder(t, c.said, c.pack))
			assert.Contains(t, strings.Join(f.Unknown, "\n"), c.want)
		})
	}

	// One module of other bits than the common ones, said and unsaid.
	mixed := func(module string, out, in int64) map[string]stored {
		if strings.HasSuffix(module, "down_proj") {
			return affine(8, 32)(module, out, in)
		}
		return affine(4, 32)(module, out, in)
	}
	f := load(t, packedFolder(t, `"quantization": {"group_size": 32, "bits": 4, "model.layers.0.mlp.down_proj": {"group_size": 32, "bits": 8},
		"layers.1.mlp.down_proj": {"group_size": 32, "bits": 8}}`, mixed))
	assert.Empty(t, f.Contradictions)
	f = load(t, packedFolder(t, four, mixed))
	require.Len(t, f.Contradictions, 1)
	assert.Equal(t, "weights.bits", f.Contradictions[0].Field)
	assert.Equal(t, "8", f.Contradictions[0].Kept)
	assert.Equal(t, "4", f.Contradictions[0].Dropped)
	assert.Contains(t, f.Contradictions[0].DropBy, "config.json")
}
