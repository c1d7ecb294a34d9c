package builder_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	"assay/predict/builder"
	family "assay/predict/family/llamacpp"
)

// TestInventedLayer: a layer that nobody knows is described, counted, and does
// not make the rest invalid.
func TestInventedLayer(t *testing.T) {
	w := model(both(both(grouped, gated), table{
		"whisper_mixer.in_proj.weight": {192, 64}, "whisper_mixer.bank": {8, 24, 24},
		"whisper_mixer.decay": {8}, "whisper_mixer.out_proj.weight": {64, 192},
	}))
	m := build(t, w.folder(t, llama), builder.Options{})
	require.Len(t, m.Gaps, 1)
	g := m.Gaps[0]
	assert.Equal(t, "whisper_mixer", g.Name)
	assert.Equal(t, 2, g.Count)
	assert.Equal(t, int64(2*(2*192*64+8*24*24+8)), g.Params())
	golden(t, "invented.gap.md", func(b *bytes.Buffer) error { return m.WriteGap(b, g) })

	c := m.Config()
	last := c.LayerTypes[len(c.LayerTypes)-1]
	assert.False(t, last.Supported)
	assert.Equal(t, "see "+m.GapFile(g), last.GapReport)
	assert.Equal(t, "tiny.gap_whisper_mixer.md", m.GapFile(g))
	_, err := c.JSON()
	require.NoError(t, err)

	// The layout of llama.cpp lacks the layer: that the counts part is named.
	names := m.Discrepancies()
	require.Len(t, names, 1)
	assert.Equal(t, "parameters of llama.cpp's layout", names[0].Name)
	assert.Empty(t, build(t, model(both(grouped, gated)).folder(t, llama), builder.Options{}).Gaps, "the control")
}

// TestWritten holds what is written of a small model against goldens.
func TestWritten(t *testing.T) {
	f := load(t, "smollm2-135m")
	f.Provenance = map[string]arch.Provenance{"hidden": f.Provenance["hidden"]} // one stands for all
	m := build(t, f, builder.Options{Params: 135e6, Layers: 30,
		Sources: []string{"https://arxiv.org/abs/2502.02737"}, Parallel: builder.Parallel{Tensor: 4}})
	golden(t, "smollm2-135m.json", func(b *bytes.Buffer) error {
		c := m.Config()
		c.Architecture.Layers = c.Architecture.Layers[:1] // the others are the same
		text, err := c.JSON()
		b.Write(text)
		return err
	})
	golden(t, "smollm2-135m.validation.md", func(b *bytes.Buffer) error { return m.WriteReport(b) })
	var csv bytes.Buffer
	require.NoError(t, m.WriteCSV(&csv))
	assert.Contains(t, csv.String(), "kind,name,shape,dtype\nparam,token_embd.weight,\"(49152, "+
		"576)\",torch.float16\nparam,output_norm.weight,\"(576,)\",torch.float32\n")
}

// TestSchemaRefuses: each planted defect of a config is named; the config as it
// was is taken.
func TestSchemaRefuses(t *testing.T) {
	m := build(t, load(t, "smollm2-135m"), builder.Options{})
	text, err := m.Config().JSON()
	require.NoError(t, err)
	require.NoError(t, builder.ValidateJSON(text))
	for _, c := range []struct{ from, to, want string }{
		{`"hidden_size": 576`, `"hidden_size": "576"`, "config.hidden_size: is of type string, not integer"},
		{`"hidden_size": 576`, `"hidden_width": 576`, "hidden_size is missing"},
		{`"hidden_size": 576`, `"hidden_size": 0`, "config.hidden_size: 0 is below 1"},
		{`"num_layers": 30`, `"num_layers": 30.5`, "is of type number, not integer"},
		{`"validated": true`, `"validated": true, "checked": 1`, "checked is not in the schema"},
		{`assay-model-config/1`, `assay-model-config/2`, "config.schema: is assay-model-config/2, not assay-model-config/1"},
		{`"supported":true`, `"supported":null`, "is of type null, not boolean"},
	} {
		broken := bytes.Replace(text, []byte(c.from), []byte(c.to), 1)
		if bytes.Equal(broken, text) {
			broken = bytes.Replace(text, []byte(`"supported": true`), []byte(`"supported": null`), 1)
		}
		assert.ErrorContains(t, builder.ValidateJSON(broken), c.want)
	}
	assert.ErrorContains(t, builder.ValidateJSON([]byte("{")), "is no JSON")
}

// TestGapNames: in GGUF's names a layer is called by the word that its tensors
// share, or by the one tensor that it is.
func TestGapNames(t *testing.T) {
	f := load(t, "llama-3.2-1b")
	tensors, err := family.Tensors(f, family.TypePlan{})
	require.NoError(t, err)
	for _, name := range []string{"blk.0.reso_in.weight", "blk.0.reso_out.weight", "blk.1.reso_in.weight", "reso_table.weight",
		"blk.3.late_gate.weight"} {
		tensors = append(tensors, arch.Tensor{Name: name, Type: "f16", Shape: []int64{2048, 8}})
	}
	f.Tensors = tensors
	m := build(t, f, builder.Options{})
	require.Len(t, m.Gaps, 2)
	assert.Equal(t, "reso", m.Gaps[0].Name)
	assert.Equal(t, "late_gate", m.Gaps[1].Name)
	var b bytes.Buffer
	require.NoError(t, m.WriteGap(&b, m.Gaps[0]))
	assert.Contains(t, b.String(), "Found 3 times, in blocks 0-1 and outside them; 65536 parameters in all.")
	assert.Contains(t, b.String(), "| `blk.N.reso_in.weight` | (8, 2048) | f16 | 2 |")
}
