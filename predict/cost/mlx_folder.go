package cost

import (
	"cmp"
	"fmt"

	"assay/predict/arch"
	"assay/predict/kv"
	"assay/predict/tensor"
)

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

// mlxFolderOf reads the facts' table where it is that of a folder; nil where it
// is not. Tensors that mlx-lm's models do not use are left out.
func mlxFolderOf(f arch.Facts) *mlxFolder {
	s := &mlxFolder{matrices: map[string]*mlxStored{}}
	for _, t := range f.Tensors {
		s.take(t)
	}
	if s.matrices["token_embd"] == nil {
		return nil
	}
	return s
}

func (s *mlxFolder) take(t arch.Tensor) {
	p := tensor.PlaceOf(t.Name)
	kinds := p.Kinds()
	if p.Tower != "" || p.Draft || len(kinds) == 0 {
		return
	}
	row, _ := tensor.Of(kinds[0]) // kinds are rows
	name := row.Stem()
	if p.Block >= 0 {
		name = fmt.Sprintf("blk.%d.%s", p.Block, name)
	}
	if p.Suffix == tensor.Bias || row.Use.Elementwise() {
		suffix := map[tensor.Suffix]string{tensor.Bias: ".bias"}[p.Suffix]
		s.vector(arch.Tensor{Name: name + cmp.Or(suffix, ".weight"), Type: t.Type, Shape: t.Shape}, t.Bytes())
		return
	}
	m := s.matrices[name]
	if m == nil {
		m = &mlxStored{typ: mlxTypeOf(t.Type)}
		s.matrices[name] = m
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
	w := weight{Tensor: t, layer: -1, bytes: bytes, Row: tensor.Row{Part: tensor.Norms, Use: tensor.Read}}
	fmt.Sscanf(t.Name, "blk.%d.", &w.layer) // stays -1 outside the layers
	s.vectors = append(s.vectors, w)
}

// settle gives the matrices among the rows the types and bytes that they have
// in the folder, and adds the folder's vectors.
func (s *mlxFolder) settle(rows []weight) ([]weight, error) {
	var out []weight
	for _, w := range rows {
		if w.Use.Elementwise() {
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
