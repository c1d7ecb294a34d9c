package graph

import (
	"fmt"
	"strings"

	"assay/predict/arch"
	"assay/predict/kv"
)

// attentionInputs are what one cache's layers take beside their activations.
type attentionInputs struct {
	cache              *kv.Cache
	keys, values, mask *tensor
	rotateK, rotateV   *tensor
	cells, streams     int64
}

// family is what a family's graph does where its tensors do not tell.
type family struct {
	// build makes the layers; nil is the usual decoder.
	build func(*builder, *tensor) *tensor

	layerNorm                 bool // NORM in place of RMS_NORM
	scalesEmbedding           bool
	embeddingNorm, finalNorm  string
	normsProjections          bool // queries and keys are normed before they are split into heads
	scalesQueries             bool
	positions                 int64 // numbers a token is turned by, where not one (M-RoPE)
	capsScores, capsLogits    bool
	scalesLogits              bool
	turns                     func(layer int, a *arch.Attention, f *arch.Facts) bool // has a rotary embedding
	ungated                   func(*tensor) *tensor
	gating                    func(*tensor) *tensor
	softmaxesWeights          bool // of the chosen experts alone
	choosesByLogits           bool
	weighsInput, normsWeights bool
	gatedShare                func(b *builder, layer int, sum, x *tensor) *tensor
	mlpNorm                   string // in front of the MLP
	attentionAfter, mlpAfter  string // norms behind attention and MLP
	picksLast, keepsLast      bool   // rows are picked behind the layers
	picksNormed               bool   // and behind the final norm
	gatesAttention            bool
	inputFirst, betweenFirst  bool // order of the sums behind attention and MLP
}

// builder makes one graph: that of a batch with every cell of the cache in use.
type builder struct {
	dag
	facts   *arch.Facts
	params  kv.Params
	plan    kv.Plan
	family  family
	weights map[string]arch.Tensor
	// taken are the weights that the graph has used, by name.
	taken map[string]*tensor

	shape
	// elsewhere: the rows of the tokens are looked up on another device.
	elsewhere bool
	// castsMask: a mask for flash attention comes as f32.
	castsMask bool

	positions, outIDs  *tensor
	continuing, others *tensor // the states that these sequences continue, and the rest's
	attention          map[kv.Class]*attentionInputs
	scales             *tensor // of llama4
}

// shape is a batch: tokens of seqs sequences in equal parts, and how many of
// them have their logits asked for.
type shape struct{ tokens, seqs, outputs int64 }

// input is a tensor that is set before the graph runs.
func input(typ dtype, ne ...int64) *tensor {
	t := newTensor(typ, ne...)
	t.input = true
	return t
}

// weight is a tensor of the model by its name, nil where it has none.
func (b *builder) weight(name string) *tensor {
	if t, ok := b.taken[name]; ok {
		return t
	}
	w, ok := b.weights[name]
	if !ok {
		return nil
	}
	t := newTensor(f16, w.Shape...)
	t.held, t.name = true, name
	b.taken[name] = t
	return t
}

// absent stands for a weight that the family's graph needs and the model lacks;
// a graph with it is not known.
var absent = func() *tensor {
	t := newTensor(f16, 0, 0)
	t.held = true
	return t
}()

func orAbsent(t *tensor) *tensor {
	if t == nil {
		return absent
	}
	return t
}

// of is a layer's weight, such as attn_q, attn_q.bias, or ssm_a. (which is
// called that, without .weight).
func (b *builder) of(layer int, name string) *tensor {
	return orAbsent(b.maybe(layer, name))
}

// has reports whether the layer has the weight.
func (b *builder) has(layer int, name string) bool { return b.maybe(layer, name) != nil }

// maybe is of, or nil where the layer has no such weight.
func (b *builder) maybe(layer int, name string) *tensor {
	if !strings.Contains(name, ".") {
		name += ".weight"
	}
	return b.weight(fmt.Sprintf("blk.%d.%s", layer, strings.TrimSuffix(name, ".")))
}

// embedded is build_inp_embd: the rows of the tokens, beside an input of
// embeddings that a text never uses.
func (b *builder) embedded() *tensor {
	if b.elsewhere {
		return b.rescaled(b.expand(input(f32, b.facts.Hidden, b.tokens)))
	}
	tokens := input(i32, b.tokens)
	rows := b.expand(getRows(orAbsent(b.weight("token_embd.weight")), tokens))
	b.expand(input(f32, b.facts.Hidden, b.tokens))
	if !kv.Older(b.params.Release, mixesSince) {
		b.mixed()
	}
	return b.rescaled(rows)
}

// rescaled is what follows the look-up.
func (b *builder) rescaled(rows *tensor) *tensor {
	if b.facts.Scales.Embedding != 0 || b.family.scalesEmbedding {
		rows = scaled(rows)
	}
	if b.family.embeddingNorm != "" {
		rows = b.norm(rows, b.family.embeddingNorm, -1)
	}
	return b.expand(rows)
}

// mixesSince is the release from which on a batch may mix tokens and embeddings.
const mixesSince = "v0.7.0"

// mixed puts rows of tokens among embeddings. A text never uses it either, but
// the copy that it writes into stays to the end, as nothing reads it.
func (b *builder) mixed() {
	rows := getRows(orAbsent(b.weight("token_embd.weight")), input(i32, b.tokens))
	into := like("DUP", input(f32, b.facts.Hidden, b.tokens))
	b.expand(inside("SET_ROWS", rows, input(i64, b.tokens), into))
}

func (b *builder) inputs() {
	b.positions = input(i32, b.tokens*max(1, b.family.positions))
	b.outIDs = input(i32, b.outputs)
	states := input(i32, b.slots())
	b.continuing = viewOf(states, []int64{b.seqs}, nil, 0)
	b.others = viewOf(states, []int64{b.slots() - b.seqs}, nil, 4*b.seqs)
}

// product is build_lora_mm and its bias.
func (b *builder) product(layer int, name string, x *tensor) *tensor {
	y := mulMat(b.of(layer, name), x)
	if bias := b.maybe(layer, name+".bias"); bias != nil {
		y = add(y, bias)
	}
	return y
}

// norm is build_norm; layer -1 is a norm of the model.
func (b *builder) norm(x *tensor, name string, layer int) *tensor {
	w, bias := b.weight(name+".weight"), b.weight(name+".bias")
	if layer >= 0 {
		w, bias = b.maybe(layer, name), b.maybe(layer, name+".bias")
	}
	if b.family.layerNorm {
		x = like("NORM", x)
	} else {
		x = rmsNormed(x)
	}
	if w != nil || bias != nil {
		x.layer = layer + 1
	}
	if w != nil {
		x = mul(x, w)
	}
	if bias != nil {
		x = add(x, bias)
	}
	return x
}

// normIf is norm where the model has its weights, else x.
func (b *builder) normIf(x *tensor, name string, layer int) *tensor {
	if !b.has(layer, name) {
		return x
	}
	return b.norm(x, name, layer)
}

// rope turns queries or keys by their positions.
func (b *builder) rope(x *tensor) *tensor {
	t := like("ROPE", x, b.positions)
	if factors := b.weight("rope_freqs.weight"); factors != nil {
		t.src = append(t.src, factors)
	}
	return t
}

// residualScaled is Granite's scale of what a part adds.
func (b *builder) residualScaled(x *tensor) *tensor {
	if b.facts.Scales.Residual != 0 {
		return scaled(x)
	}
	return x
}

// picked are the rows whose logits are asked for.
func (b *builder) picked(x *tensor) *tensor { return getRows(x, b.outIDs) }

// TiedHead names the embedding as the head of a model that has no other: a tensor of its
// own where the two lie on different devices.
const TiedHead = "output.weight (token_embd.weight)"

func (b *builder) tiedHead() *tensor {
	rows := orAbsent(b.weight("token_embd.weight"))
	if rows == absent {
		return absent
	}
	t := newTensor(f16, rows.ne[:]...)
	t.held, t.name = true, TiedHead
	return t
}

// head norms what the layers made and multiplies with the output matrix.
func (b *builder) head(x *tensor) {
	if b.family.picksNormed {
		x = b.norm(x, "output_norm", -1)
		x.output = true // the hidden state that a draft would continue from
		x = b.picked(x)
	} else {
		if b.family.picksLast {
			if b.family.keepsLast {
				x.output = true
			}
			x = b.picked(x)
		}
		x = b.norm(x, b.family.outputNorm(), -1)
	}
	x.output = true
	w := b.weight("output.weight")
	if w == nil {
		w = b.tiedHead()
	}
	x = mulMat(w, x)
	if bias := b.weight("output.bias"); bias != nil {
		x = add(x, bias)
	}
	if b.family.capsLogits {
		x = scaled(unary(scaled(x)))
	}
	if b.facts.Scales.Logit != 0 || b.family.scalesLogits {
		x = scaled(x)
	}
	x.output = true
	b.expand(x)
}

func (f family) outputNorm() string {
	if f.finalNorm != "" {
		return f.finalNorm
	}
	return "output_norm"
}
