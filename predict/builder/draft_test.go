package builder_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/predict/builder"
)

// TestDraftOfPublishedModel: DeepSeek-V3's weights hold 684,489,845,504
// parameters, of which 671,026,419,200 are the model's; claims are made of both.
func TestDraftOfPublishedModel(t *testing.T) {
	f := load(t, "deepseek-v3")
	assert.Equal(t, int64(1), f.DraftLayers)
	for claim, valid := range map[float64]bool{671e9: true, 685e9: true, 700e9: false} {
		m := build(t, f, builder.Options{Params: claim, Layers: 61})
		assert.Equal(t, int64(671026419200), m.Params)
		assert.Equal(t, int64(684489845504), m.Params+m.DraftParams)
		assert.Equal(t, valid, m.Valid(), "%v", m.Discrepancies())
		assert.Empty(t, m.Gaps)
	}
	c := build(t, f, builder.Options{}).Config()
	assert.Equal(t, int64(13463426304), c.DraftParams)
	var drafts int64
	for _, l := range c.LayerTypes {
		if l.Draft {
			assert.Equal(t, "61", l.Blocks)
			drafts += l.Specs["parameter_count"] * l.Count
		}
	}
	assert.Equal(t, c.DraftParams, drafts)
}

// TestDraftsOfWeights: blocks behind the model's own, and a module "mtp", are
// counted apart; the model itself is the same with and without them.
func TestDraftsOfWeights(t *testing.T) {
	block := both(grouped, gated)
	block = both(block, table{"input_layernorm.weight": {64}, "post_attention_layernorm.weight": {64}})
	input := func(names ...string) table {
		return table{names[0]: {64, 128}, names[1]: {64}, names[2]: {64}, names[3]: {64}}
	}
	const each = 128*64 + 2*64*64 + 64*128 + 3*96*64 + 2*64 + 64*128 + 3*64
	claimed := strings.Replace(llama, "{", `{"num_nextn_predict_layers": 1,`, 1)
	for _, c := range []struct {
		name   string
		config string
		extra  table
		drafts int64
	}{
		{"none", llama, table{}, 0},
		{"said and not there", claimed, table{}, 0},
		{"numbered on", claimed, table{}.add("model.layers.2.", block).
			add("model.layers.2.", input("eh_proj.weight", "enorm.weight", "hnorm.weight", "shared_head.norm.weight")), 1},
		{"module", llama, table{}.add("mtp.layers.0.", block).
			add("mtp.", input("fc.weight", "pre_fc_norm_embedding.weight", "pre_fc_norm_hidden.weight", "norm.weight")), 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			plain := build(t, model(both(grouped, gated)).folder(t, llama), builder.Options{})
			f := model(both(grouped, gated)).add("", c.extra).folder(t, c.config)
			assert.Equal(t, c.drafts, f.DraftLayers)
			m := build(t, f, builder.Options{Layers: 2})
			assert.Empty(t, m.Discrepancies())
			assert.Empty(t, m.Gaps)
			assert.Equal(t, plain.Params, m.Params)
			assert.Equal(t, sums(plain), sums(m))
			assert.Equal(t, c.drafts*each, m.DraftParams)
			assert.Equal(t, plain.Facts.SHA256(), m.Facts.SHA256())
		})
	}

	odd := model(both(grouped, gated)).add("mtp.layers.0.", block).add("mtp.", table{"novel.gate": {8, 64}})
	m := build(t, odd.folder(t, llama), builder.Options{})
	assert.Len(t, m.Gaps, 1, "what no class takes is named here too")
	for _, bad := range m.Discrepancies() {
		assert.NotEqual(t, "parameters", bad.Name)
	}
}
