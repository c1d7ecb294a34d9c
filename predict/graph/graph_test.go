package graph_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	"assay/predict/graph"
	"assay/predict/kv"
	"assay/predict/source"
)

// TestComputeBytes holds the plan against the bytes that v0.5.0's scheduler said
// it had reserved (ggml_backend_sched_get_buffer_size after each reserve), at
// n_batch 2048: flash attention on with f16 and with q8_0 at 4096, off at 512,
// 4096 and 16384, and n_ubatch 128 at 4096.
func TestComputeBytes(t *testing.T) {
	columns := []kv.Params{
		{NCtx: 4096, FlashAttn: true},
		{NCtx: 4096, FlashAttn: true, TypeK: "q8_0", TypeV: "q8_0"},
		{NCtx: 512}, {NCtx: 4096}, {NCtx: 16384},
		{NCtx: 4096, FlashAttn: true, NUbatch: 128},
	}
	for preset, want := range map[string][6]int64{
		"smollm2-135m":       {103024640, 104204288, 103024640, 104204288, 342239232, 25756160},
		"llama-3.1-8b":       {279447552, 279447552, 279447552, 322971648, 1153443840, 69861888},
		"gemma-3-12b":        {552732672, 552732672, 560596992, 560596992, 630732800, 138183168},
		"gemma-2-9b":         {538970112, 538970112, 546310144, 538970112, 635451392, 134742528},
		"qwen3-30b-a3b":      {319555584, 319555584, 319555584, 319555584, 1138763776, 79888896},
		"gpt-oss-20b":        {434526208, 434591744, 453523456, 585512960, 2221291520, 108500480},
		"qwen1.5-moe-a2.7b":  {344979456, 344975360, 344975360, 344975360, 612632576, 86244864},
		"qwen3-next-80b-a3b": {327956512, 328235040, 326903840, 330049568, 614475808, 81989152},
		"llama-4-scout":      {445253632, 445253632, 466337792, 445253632, 1454489600, 111313408},
		"lfm2-1.2b":          {151009312, 142608384, 149956640, 299903008, 1130375200, 37752352},
		"falcon-h1-7b":       {289421344, 278923264, 287320096, 278923264, 462432288, 72355360},
		"nemotron-h-8b":      {297807904, 297889824, 298852384, 322969632, 1153441824, 74452000},
		"deepseek-v2-lite":   {251934720, 251934720, 252717056, 251934720, 631527424, 62983680},
		"phi-3-mini-4k":      {95041536, 95041536, 82847744, 308291584, 1138763776, 23760384},
		"llama-3.1-405b":     {465582080, 465664000, 466626560, 1254107136, 4500498432, 116395520},
		"mamba-codestral-7b": {122146848, 122146848, 122146848, 122146848, 122146848, 35963936},
		"deepseek-v3":        {432023552, 432023552, 412100608, 1509959680, 4756350976, 108005888},
		"mistral-7b":         {125843456, 125925376, 126887936, 322971648, 1153443840, 31460864},
		"mixtral-8x7b":       {213923840, 214005760, 214968320, 322971648, 1153443840, 53480960},
	} {
		f, err := source.Load(t.Context(), "preset:"+preset, source.Options{})
		require.NoError(t, err)
		for i, p := range columns {
			got, err := graph.ComputeBytes(f, p)
			require.NoError(t, err, preset)
			assert.Equal(t, want[i], got, "%s: %+v", preset, p)
		}
	}
}

func TestUnknownFamily(t *testing.T) {
	f, err := source.Load(t.Context(), "preset:llama-3.1-8b", source.Options{})
	require.NoError(t, err)
	f.Family = "starcoder2"
	_, err = graph.ComputeBytes(f, kv.Params{})
	require.ErrorIs(t, err, graph.ErrUnknown)
}

// A file may lack what its family needs, or have layers of another kind: nothing
// is predicted, and nothing panics.
func TestContradictoryFacts(t *testing.T) {
	for name, change := range map[string]func(*arch.Facts){
		"no layers' tensors": func(f *arch.Facts) {
			f.Path, f.Tensors = "x.gguf", []arch.Tensor{{Name: "token_embd.weight", Type: "f16", Shape: []int64{4096, 128256}}}
		},
		"no tensors at all":        func(f *arch.Facts) { f.Path = "x.gguf" },
		"a layer without a mixer":  func(f *arch.Facts) { f.Layers[3].Attention = nil },
		"an unknown kind of state": func(f *arch.Facts) { f.Layers[3].Recurrent = &arch.Recurrent{Kind: "rwkv"} },
		"a state of no size":       func(f *arch.Facts) { f.Layers[3].Recurrent = &arch.Recurrent{Kind: "mamba2"} },
		"latent attention":         func(f *arch.Facts) { f.Layers[3].Attention.MLA = &arch.MLA{} },
	} {
		f, err := source.Load(t.Context(), "preset:llama-3.1-8b", source.Options{})
		require.NoError(t, err)
		f.Layers = slices.Clone(f.Layers)
		a := *f.Layers[3].Attention
		f.Layers[3].Attention = &a
		change(&f)
		_, err = graph.ComputeBytes(f, kv.Params{NCtx: 1024})
		require.Error(t, err, name)
	}
}
