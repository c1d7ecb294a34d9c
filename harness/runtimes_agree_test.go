package harness_test

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/skeleton"
	"assay/native/dylib"
	"assay/native/llama"
	"assay/native/mlx/lm"
	"assay/native/mlx/mlxtest"
	"assay/predict/arch"
	"assay/predict/gguf"
	"assay/predict/safetensors"
	"assay/predict/source"
)

// ggufNames are llama.cpp's tensor names and Hugging Face's (llama.cpp's
// gguf-py/gguf/tensor_mapping.py), those that the models below have.
var ggufNames = strings.NewReplacer(
	"token_embd", "model.embed_tokens", "output_norm", "model.norm", "blk.", "model.layers.",
	"attn_q_norm", "self_attn.q_norm", "attn_k_norm", "self_attn.k_norm", "attn_norm", "input_layernorm", "ffn_norm",
	"post_attention_layernorm",
	"attn_q", "self_attn.q_proj", "attn_k", "self_attn.k_proj", "attn_v", "self_attn.v_proj", "attn_output", "self_attn.o_proj",
	"ffn_gate_inp", "mlp.gate", "ffn_gate_exps", "mlp.switch_mlp.gate_proj", "ffn_up_exps", "mlp.switch_mlp.up_proj", "ffn_down_exps",
	"mlp.switch_mlp.down_proj",
	"ffn_gate", "mlp.gate_proj", "ffn_up", "mlp.up_proj", "ffn_down", "mlp.down_proj", "output", "lm_head",
)

// TestRuntimesAgree runs one model of random weights in float32 through both
// runtimes, which share nothing: the same logits within 1e-4 of the largest.
func TestRuntimesAgree(t *testing.T) {
	mlxLib := mlxtest.Library(t)
	path, err := llama.Find()
	var notFound *dylib.NotFoundError
	if errors.As(err, &notFound) && !notFound.Forced {
		require.Empty(t, os.Getenv("CI"), "CI is set, so llama.cpp has to be exercised: %v", err)
		t.Skipf("needs libllama: %v", err)
	}
	require.NoError(t, err)
	llamaLib, err := llama.Open(path)
	require.NoError(t, err)
	prompt := make([]int32, 40)
	for i := range prompt {
		prompt[i] = int32(i*i*7+3) % 64
	}
	for _, preset := range []string{"llama-3.2-1b", "qwen2.5-0.5b", "qwen3-8b", "qwen3-30b-a3b"} {
		t.Run(preset, func(t *testing.T) {
			file, folder := sameWeights(t, preset)
			context := contextParams(t, llamaLib, file)
			model, err := lm.Load(mlxLib, folder)
			require.NoError(t, err)
			defer model.Close()
			session, err := model.NewSession(lm.CacheOptions{})
			require.NoError(t, err)
			defer session.Close()
			worst := 0.0
			for _, piece := range [][]int32{prompt, {1}, {2}, prompt[:9]} {
				require.NoError(t, context.Decode(piece))
				want, err := context.Logits(-1)
				require.NoError(t, err)
				got, err := session.Logits(piece)
				require.NoError(t, err)
				worst = max(worst, relative(got, want))
				assert.Greater(t, relative(shifted(got), want), 1e-4, "a planted defect is seen")
			}
			assert.LessOrEqual(t, worst, 1e-4)
			t.Logf("largest relative distance %.2g", worst)
		})
	}
}

func contextParams(t *testing.T, lib *llama.Library, file string) *llama.Context {
	model, err := lib.LoadModel(file, llama.ModelParams{})
	require.NoError(t, err)
	t.Cleanup(model.Close)
	context, err := model.NewContext(llama.ContextParams{NCtx: 256, NThreads: 1, TypeK: "f32", TypeV: "f32", FlashAttn: llama.Off})
	require.NoError(t, err)
	t.Cleanup(context.Close)
	return context
}

func relative(got, want []float32) float64 {
	largest, difference := 0.0, 0.0
	for i := range want {
		largest = max(largest, math.Abs(float64(want[i])))
		difference = max(difference, math.Abs(float64(got[i]-want[i])))
	}
	return difference / largest
}

func shifted(logits []float32) []float32 {
	return append(slices.Clone(logits[1:]), logits[0])
}

// sameWeights writes a KV-faithful skeleton of a preset as a GGUF and, with the
// same numbers, as a folder.
func sameWeights(t *testing.T, preset string) (file, folder string) {
	f, err := source.Load(t.Context(), "preset:"+preset, source.Options{})
	require.NoError(t, err)
	f = skeleton.FolderFacts(f)
	f.Layers, f.RopeBase, f.NormEpsilon = f.Layers[:4], 10000, 1e-5
	folder = t.TempDir()
	file, err = skeleton.GGUF(t.Context(), folder, f, "f32")
	require.NoError(t, err)
	fields, err := skeleton.Config(f)
	require.NoError(t, err)
	config, err := json.Marshal(fields)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "config.json"), config, 0o600))
	renamed(t, file, filepath.Join(folder, "model.safetensors"), f)
	return file, folder
}

// renamed copies the tensors of a GGUF into a safetensors file.
func renamed(t *testing.T, from, to string, f arch.Facts) {
	source, err := gguf.Open(from)
	require.NoError(t, err)
	defer source.Close()
	var w safetensors.Writer
	data := map[string][]byte{}
	for _, tensor := range source.Tensors {
		require.Equal(t, gguf.F32, tensor.Type, tensor.Name)
		shape := slices.Clone(tensor.Shape)
		slices.Reverse(shape)
		name := ggufNames.Replace(tensor.Name)
		w.Add(name, safetensors.F32, shape...)
		bytes, err := io.ReadAll(source.Data(tensor))
		require.NoError(t, err)
		if a := f.Layers[0].Attention; f.Family == "llama" && strings.Contains(name, ".q_proj") {
			bytes = halves(bytes, int(a.Heads), int(a.KeyDim))
		} else if f.Family == "llama" && strings.Contains(name, ".k_proj") {
			bytes = halves(bytes, int(a.KVHeads), int(a.KeyDim))
		}
		data[name] = bytes
	}
	require.NoError(t, w.Create(to, func(tensor safetensors.Tensor, out io.Writer) error {
		_, err := out.Write(data[tensor.Name])
		return err
	}))
}

// halves undoes the order that llama.cpp's converter gives the rows of llama's
// queries and keys (LlamaModel.permute of convert_hf_to_gguf.py): it rotates
// neighbours, Hugging Face's llama rotates the halves of a head.
func halves(data []byte, heads, dim int) []byte {
	row := len(data) / (heads * dim)
	out := make([]byte, len(data))
	for h := range heads {
		for i := range dim {
			from := h*dim + i
			to := h*dim + i%2*dim/2 + i/2
			copy(out[to*row:(to+1)*row], data[from*row:(from+1)*row])
		}
	}
	return out
}
