package cost

import (
	"fmt"
	"regexp"
	"strings"

	"assay/predict/arch"
	"assay/predict/kv"
)

// mlxKinds are the tensors of mlx-lm's models by their names in a folder, behind
// the layer and without ".weight", with llama.cpp's names for them; N stands
// for an expert's number where a checkpoint has its experts one by one.
var mlxKinds = map[string]string{
	"model.embed_tokens": "token_embd", "lm_head": "output", "model.norm": "output_norm",

	"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
	"self_attn.qkv_proj": "attn_qkv", "self_attn.o_proj": "attn_output",
	"self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm", "self_attn.sinks": "attn_sinks",

	"input_layernorm": "attn_norm", "post_attention_layernorm": "post_attention_norm",
	"pre_feedforward_layernorm": "ffn_norm", "post_feedforward_layernorm": "post_ffw_norm",

	"mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.gate_up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
	"mlp.gate": "ffn_gate_inp", "mlp.router": "ffn_gate_inp", "block_sparse_moe.gate": "ffn_gate_inp",
	"mlp.shared_expert.gate_proj": "ffn_gate_shexp", "mlp.shared_expert.up_proj": "ffn_up_shexp",
	"mlp.shared_expert.down_proj": "ffn_down_shexp", "mlp.shared_expert_gate": "ffn_gate_inp_shexp",

	"mlp.switch_mlp.gate_proj": "ffn_gate_exps", "block_sparse_moe.switch_mlp.gate_proj": "ffn_gate_exps",
	"mlp.switch_mlp.up_proj": "ffn_up_exps", "block_sparse_moe.switch_mlp.up_proj": "ffn_up_exps",
	"mlp.switch_mlp.down_proj": "ffn_down_exps", "block_sparse_moe.switch_mlp.down_proj": "ffn_down_exps",
	"mlp.experts.gate_proj": "ffn_gate_exps", "mlp.experts.up_proj": "ffn_up_exps", "mlp.experts.down_proj": "ffn_down_exps",
	"mlp.experts.N.gate_proj": "ffn_gate_exps", "mlp.experts.N.up_proj": "ffn_up_exps", "mlp.experts.N.down_proj": "ffn_down_exps",
	"block_sparse_moe.experts.N.w1": "ffn_gate_exps", "block_sparse_moe.experts.N.w3": "ffn_up_exps",
	"block_sparse_moe.experts.N.w2": "ffn_down_exps",
}

// mlxFolder is what a folder stores, by llama.cpp's names without ".weight".
type mlxFolder struct {
	matrices map[string]*mlxStored
	vectors  []weight
}

// mlxStored is a matrix in a folder.
type mlxStored struct {
	typ   string
	bytes int64
}

var (
	mlxLayerName  = regexp.MustCompile(`^model\.layers\.(\d+)\.(.+)$`)
	mlxExpertName = regexp.MustCompile(`\.experts\.\d+\.`)
)

// mlxFolderOf reads the facts' table where it is that of a folder; nil where it
// is not. Tensors that mlx-lm's models do not use are left out.
func mlxFolderOf(f arch.Facts) *mlxFolder {
	s := &mlxFolder{matrices: map[string]*mlxStored{}}
	for _, t := range f.Tensors {
		for _, part := range t.Stored() {
			s.take(part)
		}
	}
	if s.matrices["token_embd"] == nil {
		return nil
	}
	return s
}

func (s *mlxFolder) take(t arch.Tensor) {
	name, block := strings.TrimPrefix(t.Name, "language_model."), ""
	if m := mlxLayerName.FindStringSubmatch(name); m != nil {
		block, name = "blk."+m[1]+".", m[2]
	}
	path, part := name, "weight" // sinks have no part
	if at := strings.LastIndexByte(name, '.'); mlxKinds[name] == "" && at > 0 {
		path, part = name[:at], name[at+1:]
	}
	kind, ok := mlxKinds[mlxExpertName.ReplaceAllString(path, ".experts.N.")]
	if !ok {
		return
	}
	if part == "bias" || roles[kind].elementwise() {
		s.vector(arch.Tensor{Name: block + kind + "." + part, Type: t.Type, Shape: t.Shape}, t.Bytes())
		return
	}
	m := s.matrices[block+kind]
	if m == nil {
		m = &mlxStored{typ: mlxTypeOf(t.Type)}
		s.matrices[block+kind] = m
	}
	m.bytes += t.Bytes() // more than once where experts are stored one by one
}

// mlxTypeOf names a packing as skeletons of it are named: affine-4g64 is 4bit.
func mlxTypeOf(typ string) string {
	var bits, group int
	if n, _ := fmt.Sscanf(typ, "affine-%dg%d", &bits, &group); n == 2 {
		return kv.MLXTypeName(bits, group)
	}
	return typ
}

// vector keeps what is read and multiplies nothing.
func (s *mlxFolder) vector(t arch.Tensor, bytes int64) {
	w := weight{Tensor: t, layer: -1, bytes: bytes, role: role{Norms, read, false}}
	fmt.Sscanf(t.Name, "blk.%d.", &w.layer) // stays -1 outside the layers
	s.vectors = append(s.vectors, w)
}

// settle gives the matrices among the rows the types and bytes that they have
// in the folder, and adds the folder's vectors.
func (s *mlxFolder) settle(rows []weight) ([]weight, error) {
	var out []weight
	for _, w := range rows {
		if w.elementwise() {
			continue
		}
		block, kind := splitName(w.Name)
		m := s.matrices[block+kind]
		if m == nil {
			return nil, fmt.Errorf("the folder has no tensor for %s, which the facts have", block+kind)
		}
		w.Type, w.bytes = m.typ, m.bytes
		out = append(out, w)
	}
	return append(out, s.vectors...), nil
}
