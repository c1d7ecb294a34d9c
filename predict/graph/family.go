package graph

import "assay/predict/arch"

func always(int, *arch.Attention, *arch.Facts) bool { return true }

func windowed(_ int, a *arch.Attention, _ *arch.Facts) bool { return a.Window > 0 }

// threeOfFour: every fourth layer has no rotary embedding.
func threeOfFour(layer int, _ *arch.Attention, _ *arch.Facts) bool { return (layer+1)%4 != 0 }

func rotatedModel(_ int, _ *arch.Attention, f *arch.Facts) bool { return !f.Unrotated }

func softmax(x *tensor) *tensor { return like("SOFT_MAX", x) }

// usual is a decoder of norms, attention and a SwiGLU.
func usual(change func(*family)) family {
	f := family{turns: always, ungated: unary, gating: softmax, gatedShare: sigmoidGate, mlpNorm: "ffn_norm"}
	if change != nil {
		change(&f)
	}
	return f
}

// families are those whose graphs are known.
var families = map[string]family{
	"llama":    usual(func(f *family) { f.normsWeights = true }),
	"mistral3": usual(func(f *family) { f.normsWeights = true }),
	"qwen2":    usual(nil),
	"qwen2moe": usual(func(f *family) { f.gatedShare = dividedGate }),
	"qwen3":    usual(nil),
	"qwen3moe": usual(func(f *family) { f.normsWeights = true }),
	"smollm3":  usual(func(f *family) { f.turns = threeOfFour }),
	"olmo2": usual(func(f *family) {
		f.normsProjections, f.mlpNorm, f.attentionAfter, f.mlpAfter = true, "", "post_attention_norm", "post_ffw_norm"
	}),
	"phi3":  usual(func(f *family) { f.scalesQueries, f.ungated, f.betweenFirst = true, fusedGLU, true }),
	"gemma": usual(func(f *family) { f.scalesEmbedding, f.scalesQueries = true, true }),
	"gemma2": usual(func(f *family) {
		gemma(f)
		f.capsScores, f.capsLogits = true, true
	}),
	"gemma3": usual(gemma),
	"gemma3n": usual(func(f *family) {
		f.scalesEmbedding, f.capsLogits, f.picksLast, f.build = true, true, true, alternating
	}),
	"cohere2": usual(func(f *family) { f.layerNorm, f.turns, f.scalesLogits, f.build = true, windowed, true, beside }),
	"gpt-oss": usual(func(f *family) {
		f.softmaxesWeights, f.mlpNorm, f.picksLast, f.keepsLast = true, "post_attention_norm", true, true
	}),
	"llama4": usual(func(f *family) {
		f.turns, f.choosesByLogits, f.weighsInput, f.gating = threeOfFour, true, true, unary
	}),
	"mamba2": usual(nil),
	"lfm2":   usual(lfm2),
	"lfm2moe": usual(func(f *family) {
		lfm2(f)
		f.normsWeights, f.gating = true, unary
	}),
	"granite":       usual(func(f *family) { f.turns, f.normsWeights = rotatedModel, true }),
	"granitemoe":    usual(func(f *family) { f.turns, f.normsWeights = rotatedModel, true }),
	"granitehybrid": usual(func(f *family) { f.turns, f.normsWeights = rotatedModel, true }),
	"deepseek2":     usual(nil),
	"glm4moe":       usual(func(f *family) { f.mlpNorm, f.gating, f.normsWeights = "post_attention_norm", unary, true }),
	"minimax-m2":    usual(func(f *family) { f.normsProjections, f.gating, f.normsWeights = true, unary, true }),
	"falcon-h1":     usual(func(f *family) { f.build = bothMixers }),
	"nemotron_h": usual(func(f *family) {
		f.build, f.ungated, f.gating, f.picksNormed = onePart, reluSquared, unary, true
	}),
	"nemotron_h_moe": usual(func(f *family) {
		f.build, f.ungated, f.gating, f.picksNormed = onePart, reluSquared, unary, true
	}),
	"qwen35": usual(qwen35),
	"qwen35moe": usual(func(f *family) {
		qwen35(f)
		f.normsWeights = true
	}),
	"qwen3next": usual(func(f *family) {
		f.normsWeights, f.mlpNorm, f.picksNormed, f.gatesAttention = true, "post_attention_norm", true, true
	}),
}

func qwen35(f *family) {
	f.mlpNorm, f.picksNormed, f.gatesAttention, f.positions = "post_attention_norm", true, true, 4
}

func lfm2(f *family) { f.finalNorm, f.inputFirst, f.betweenFirst = "token_embd_norm", true, true }

func gemma(f *family) {
	f.scalesEmbedding, f.scalesQueries = true, true
	f.attentionAfter, f.mlpAfter = "post_attention_norm", "post_ffw_norm"
}

// decoder is the usual loop over the layers.
func (b *builder) decoder(x *tensor) *tensor {
	last := len(b.facts.Layers) - 1
	for i, l := range b.facts.Layers {
		before := x
		if b.has(i, "attn_norm") {
			x = b.norm(x, "attn_norm", i)
		}
		if b.family.gatesAttention {
			b.expand(x)
		}
		x = b.mixer(i, l, x)
		if i == last && !b.family.picksLast && !b.family.picksNormed {
			x, before = b.picked(x), b.picked(before)
		}
		x = b.residualScaled(b.after(x, b.family.attentionAfter, i))
		x = sum(before, x, b.family.inputFirst)
		if l.FeedForward == nil {
			continue
		}
		between := x
		if b.family.mlpNorm != "" {
			x = b.norm(x, b.family.mlpNorm, i)
		}
		x = b.residualScaled(b.after(b.feedForward(i, l.FeedForward, x), b.family.mlpAfter, i))
		x = sum(between, x, b.family.betweenFirst)
	}
	return x
}

func (b *builder) after(x *tensor, norm string, layer int) *tensor {
	if norm == "" {
		return x
	}
	return b.norm(x, norm, layer)
}

// mixer is a layer's attention or recurrence.
func (b *builder) mixer(i int, l arch.Layer, x *tensor) *tensor {
	if l.Recurrent != nil {
		return recurrences[l.Recurrent.Kind](b, i, l.Recurrent, x)
	}
	if l.Attention.MLA != nil {
		return b.latent(i, l.Attention, x)
	}
	if b.family.gatesAttention {
		return b.gated(i, l.Attention, x)
	}
	return b.attend(i, l.Attention, b.queries(i, l.Attention, x), "attn_output")
}

// queries are queries, keys and values, normed, turned and scaled.
func (b *builder) queries(i int, a *arch.Attention, x *tensor) heads {
	h := b.projected(i, a, x)
	if !b.family.normsProjections {
		h.q, h.k = b.normIf(h.q, "attn_q_norm", i), b.normIf(h.k, "attn_k_norm", i)
	}
	turned := b.family.turns(i, a, b.facts)
	if turned {
		h.q, h.k = b.rope(h.q), b.rope(h.k)
	}
	switch {
	case b.facts.Family != "llama4":
	case !turned:
		h.q = mul(h.q, b.temperature())
	case !b.hasExperts(128):
		h.q, h.k = rmsNormed(h.q), rmsNormed(h.k)
	}
	if b.family.scalesQueries {
		h.q = scaled(h.q)
	}
	return h
}

// sum adds a part's result to what it came from. Which stands first decides
// whose place the sum takes.
func sum(before, x *tensor, first bool) *tensor {
	if first {
		return add(before, x)
	}
	return add(x, before)
}
