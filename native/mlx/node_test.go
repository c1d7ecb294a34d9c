package mlx

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// captured are lines that MLX 0.31.2 printed, each with what it multiplies.
var captured = []struct {
	line  string
	flops int64
}{
	{"Matmul CB [(69,32), float32], G [(32,16), float32] -> CC [(69,16), float32]", 2 * 32 * 69 * 16},
	{"Matmul FK [(1,2,2,69,8), float32], FO [(1,2,2,8,69), float32] -> FP [(1,2,2,69,69), float32]", 2 * 8 * 4 * 69 * 69},
	{"AddMM ER [(69,32), float32], G [(32,32), float32], ES [(69,32), float32] -> ET [(69,32), float32]", 2 * 32 * 69 * 32},
	{"QuantizedMatmul FD [(1,69,32), float32], Y [(64,4), uint32], Z [(64,1), float32], AA [(64,1), float32] -> FE [(1,69,64), float32]",
		2 * 32 * 69 * 64},
	{"GatherMM KB [(138,1,32), float32], AI [(5,32,64), float32], KC [(138), uint32], KE [(138), uint32] -> KF [(138,1,64), float32]",
		2 * 32 * 138 * 64},
	{"GatherQMM LL [(138,1,32), float32], AW [(6,32,8), uint32], AX [(6,32,1), float32], AY [(6,32,1), float32], LM [(138), uint32], LO " +
		"[(138), uint32] -> LP [(138,1,32), float32]", 2 * 32 * 138 * 32},
	{"Arange  -> CH [(69), float32]", 0},
	{"Broadcast A [(), float32] -> BM [(1,2,256,8), float32]", 0},
	{"Split JL [(1,69,128), float32] -> JM [(1,69,64), float32], JN [(1,69,64), float32]", 0},
	{"CompiledSigmoidBroadcastBroadcastMultiplyBroadcastBroadcastMultiply A [(1,5), float32], B [(1,5), float32] -> C [(1,5), float32]", 0},
}

const heading = "Inputs: A [(), float32]\nOutputs: B [(1), float32]\n"

func TestCounterOnCapturedLines(t *testing.T) {
	var all strings.Builder
	var total int64
	for _, c := range captured {
		nodes, err := ParseGraph(heading + c.line + "\n")
		require.NoError(t, err, c.line)
		counter := NewCounter()
		counter.Observe(nodes[0])
		require.NoError(t, counter.Err)
		assert.Equal(t, c.flops, counter.Total(), c.line)
		all.WriteString(c.line + "\n")
		total += c.flops
	}
	nodes, err := ParseGraph(heading + all.String())
	require.NoError(t, err)
	counter := NewCounter()
	for _, n := range nodes {
		counter.Observe(n)
	}
	assert.Equal(t, total, counter.Total())
	assert.EqualValues(t, len(captured), counter.Nodes)
	assert.Len(t, counter.FLOPs, 5)
}

// Only Metal has the fused kernel: on a CPU MLX makes products of it, which the
// rule must agree with. Shapes as in mlx/fast.cpp.
func TestFusedAttentionIsItsProducts(t *testing.T) {
	fused := count(t, "ScaledDotProductAttention A [(1,4,69,8), float16], B [(1,2,70,8), float16], C [(1,2,70,16), float16], D [(4), "+
		"float16] -> E [(1,4,69,16), float16]")
	parts := count(t, "Matmul A [(1,2,2,69,8), float16], B [(1,2,2,8,70), float16] -> C [(1,2,2,69,70), float16]",
		"Matmul C [(1,2,2,69,70), float16], D [(1,2,2,70,16), float16] -> E [(1,2,2,69,16), float16]")
	assert.Equal(t, parts.Total(), fused.Total())
	assert.NoError(t, fused.Err)
}

func count(t *testing.T, lines ...string) *Counter {
	nodes, err := ParseGraph(heading + strings.Join(lines, "\n"))
	require.NoError(t, err)
	counter := NewCounter()
	for _, n := range nodes {
		counter.Observe(n)
	}
	return counter
}

// A depthwise convolution multiplies a kernel of one channel an element, a full
// one a kernel of all of them.
func TestCounterCountsConvolutions(t *testing.T) {
	depthwise := count(t, "Convolution A [(1,8,4), float32], B [(4,3,1), float32] -> D [(1,6,4), float32]")
	require.NoError(t, depthwise.Err)
	assert.Equal(t, int64(2*6*4*3), depthwise.Total())
	full := count(t, "Convolution A [(1,8,4), float32], B [(4,3,4), float32] -> D [(1,6,4), float32]")
	assert.Equal(t, int64(2*6*4*3*4), full.Total())
}

func TestCounterRefusesWhatItCannotCount(t *testing.T) {
	for _, line := range []string{
		"SegmentedMM A [(8,4), float32], B [(4,4), float32], C [(2,2), uint32] -> D [(2,8,4), float32]",
		"BlockMaskedMM A [(8,4), float32], B [(4,4), float32] -> D [(8,4), float32]",
		"QQMatmul A [(8,4), float32], B [(4,4), uint32] -> D [(8,4), float32]",
		"Convolution A [(1,8,4), float32], B [(4), float32] -> D [(1,6,4), float32]",
		"CustomKernel A [(8,4), float32] -> D [(8,4), float32]",
		"Matmul A [(8,4), float32] -> D [(8,4), float32]",
		"Matmul A [(), float32], B [(4), float32] -> D [(8,4), float32]",
		"ScaledDotProductAttention A [(1,1,2,4), float32], B [(1,1,2,4), float32], C [(4), float32] -> D [(1,1,2,4), float32]",
	} {
		assert.Error(t, count(t, line).Err, line)
	}
}

func TestParseGraphNamesTheLine(t *testing.T) {
	for want, text := range map[string]string{
		"neither its inputs":    "Matmul",
		"line 3":                heading + "Matmul A [(1,2), float32]",
		"names no primitive":    heading + " A [(1,2), float32] -> B [(1), float32]",
		"has no output":         heading + "Add A [(1,2), float32] -> ",
		"array A has no type":   heading + "Add A [(1,2 -> B [(1), float32]",
		"array A does not end":  heading + "Add A [(1,2), float32 -> B [(1), float32]",
		`"-2" is no dimension`:  heading + "Add A [(1,-2), float32] -> B [(1), float32]",
		"is followed by":        heading + "Add A [(1,2), float32]; B [(1), float32] -> B [(1), float32]",
		"no name or no shape":   heading + "Add A B -> B [(1), float32]",
		`line 4 of MLX's graph`: heading + captured[0].line + "\nx\n" + captured[0].line,
	} {
		_, err := ParseGraph(text)
		assert.ErrorContains(t, err, want)
	}
}

func FuzzParseGraph(f *testing.F) {
	for _, c := range captured {
		f.Add(heading + c.line + "\n")
	}
	f.Add(heading)
	f.Add(heading + "Matmul A [(1,2), float32], -> B [(), x]")
	f.Fuzz(func(t *testing.T, text string) {
		nodes, err := ParseGraph(text)
		if err != nil {
			return
		}
		counter := NewCounter()
		for _, n := range nodes {
			require.NotEmpty(t, n.Primitive)
			require.NotEmpty(t, n.Outputs)
			counter.Observe(n)
		}
		assert.EqualValues(t, len(nodes), counter.Nodes)
	})
}

// A library of a release without mlx_print_graph says so, and runs on.
func TestGraphOfALibraryThatShowsNone(t *testing.T) {
	s := (&Library{}).scope()
	assert.Empty(t, s.Graph())
	assert.ErrorIs(t, s.Err(), ErrNoGraphs)
	assert.False(t, (&Library{}).ShowsGraphs())
}

// What a GPU computes by kernels of its own has a node of its own name where a CPU's
// graph has several (print_graph writes each primitive's name, mlx/graph_utils.cpp; the
// names are those of mlx/fast_primitives.h, v0.30.6 to v0.32.1). The lines are written
// down from these sources: nothing here can print them. Norms, ropes and packing multiply
// element by element, as they do on a CPU, and count as nodes alone.
func TestCounterKnowsAGPUsNodes(t *testing.T) {
	gpu := count(t,
		"RMSNorm A [(1,69,256), bfloat16], B [(256), bfloat16], C [(), float32] -> D [(1,69,256), bfloat16]",
		"LayerNorm A [(1,69,256), bfloat16], B [(256), bfloat16], C [(256), bfloat16] -> D [(1,69,256), bfloat16]",
		"RoPE A [(1,4,69,64), bfloat16], B [(), int32] -> D [(1,4,69,64), bfloat16]",
		"Quantize A [(1,2,256,64), bfloat16] -> B [(1,2,256,8), uint32], C [(1,2,256,1), bfloat16], D [(1,2,256,1), bfloat16]",
		"CompiledSigmoidMultiplyMultiply A [(1,69,64), bfloat16], B [(1,69,64), bfloat16] -> C [(1,69,64), bfloat16]",
		"ScaledDotProductAttention A [(1,4,69,64), bfloat16], B [(1,2,70,64), bfloat16], C [(1,2,70,64), bfloat16] -> E [(1,4,69,64), bfloat16]",
		"ScaledDotProductAttention A [(1,4,1,192), bfloat16], B [(1,4,70,192), bfloat16], C [(1,4,70,128), bfloat16], S [(4), bfloat16] -> E "+
			"[(1,4,1,128), bfloat16]",
	)
	require.NoError(t, gpu.Err)
	assert.EqualValues(t, 7, gpu.Nodes)
	assert.Equal(t, map[string]int64{"ScaledDotProductAttention": 2*4*69*70*(64+64) + 2*4*1*70*(192+128)}, gpu.FLOPs)
	// Kernels of a library's users say nothing of what they do. assay has none:
	// its recurrences are products on either device.
	custom := count(t, "CustomKernel A [(1,4,69,64), bfloat16] -> E [(1,4,69,64), bfloat16], F [(1,4,64,64), float32]")
	assert.ErrorContains(t, custom.Err, "CustomKernel")
}
