package lm

import (
	"cmp"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"assay/native/mlx"
)

// builder hands the weights of a folder to a family that builds its network.
// What is missing or wrong is noted, so that a refusal lists everything.
type builder struct {
	*config
	s       *mlx.Scope
	prefix  string // before every tensor's name: "language_model." in gemma3
	quant   *quantisation
	tensors map[string]tensorInfo
	shards  map[string]mlx.Tensors
	taken   map[string]bool
	owned   []*mlx.Array // all that the model holds
	bytes   int64        // of the tensors taken
	missing []string
	wrong   []string
	// unexplained are scales of which config.json says nothing.
	unexplained []string
	needed      []Weight // filled when there is no Scope: see Weights
}

// The types that a weight may have.
var (
	floating = []string{"F32", "F16", "BF16"}
	packed   = []string{"U32"}
	coded    = []string{"U8"} // scales of the modes of small floats
)

// own keeps an array for as long as the model lives.
func (b *builder) own(array mlx.Array) mlx.Array {
	kept := new(mlx.Array)
	b.s.Set(kept, array)
	b.owned = append(b.owned, kept)
	return *kept
}

// stored reports that a tensor is in the files.
func (b *builder) stored(name string) bool {
	_, ok := b.tensors[b.prefix+name]
	return ok
}

// tensor takes a tensor of one of the types and of a shape, in this Scope.
func (b *builder) tensor(name string, types []string, shape ...int) mlx.Array {
	name = b.prefix + name
	if b.listing() {
		b.need(name, types, shape)
		return mlx.Array{}
	}
	info, ok := b.tensors[name]
	if !ok {
		b.missing = append(b.missing, name)
		return mlx.Array{}
	}
	b.taken[name] = true
	b.bytes += int64(info.Offsets[1] - info.Offsets[0])
	if !slices.Equal(info.Shape, shape) || !slices.Contains(types, info.DType) {
		b.wrong = append(b.wrong, fmt.Sprintf("%s: tensor %s is %s %v, not %s %v",
			filepath.Base(info.shard), name, info.DType, info.Shape, strings.Join(types, " or "), shape))
		return mlx.Array{}
	}
	if !b.usable() {
		return mlx.Array{} // refused in the end; nothing need be made
	}
	return b.s.Get(b.shards[info.shard], name)
}

// vector takes and keeps a tensor that is used as it is.
func (b *builder) vector(name string, shape ...int) mlx.Array {
	return b.keep(b.tensor(name, floating, shape...))
}

func (b *builder) keep(array mlx.Array) mlx.Array {
	if !array.Valid() {
		return array
	}
	return b.own(array)
}

// usable reports that the network is really made: nothing was refused so far.
func (b *builder) usable() bool {
	return !b.listing() && len(b.missing) == 0 && len(b.wrong) == 0 && len(b.unexplained) == 0 && len(b.problems) == 0
}

// ignore marks tensors that the family does not use, by a part of their names.
func (b *builder) ignore(part string) {
	for name := range b.tensors {
		if strings.Contains(name, part) {
			b.taken[name] = true
		}
	}
}

// refusal answers one error for everything that does not fit.
func (b *builder) refusal(folder string) error {
	if len(b.unexplained) > 0 && !b.has("quantization_config") {
		b.note("quantization is missing, but the weights are quantised: there are %d scales, such as %s; take the config.json that the weights came with", len(b.unexplained), b.unexplained[0])
	}
	if err := b.err(); err != nil {
		return err
	}
	var unknown []string
	for name := range b.tensors {
		if !b.taken[name] {
			unknown = append(unknown, name)
		}
	}
	var parts []string
	for _, kind := range []struct {
		what  string
		names []string
	}{{"missing", b.missing}, {"wrong", b.wrong}, {"unknown to this architecture", unknown}} {
		if len(kind.names) > 0 {
			parts = append(parts, kind.what+": "+listed(kind.names))
		}
	}
	if parts == nil {
		return nil
	}
	return fmt.Errorf("the tensors in %s do not fit its config.json; take both from one download: %s", folder, strings.Join(parts, "; "))
}

// listed joins names, the first of many only, and of those that differ in the
// layer or expert alone one.
func listed(names []string) string {
	const most = 12
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) })
	first, more := map[string]string{}, map[string]int{}
	var kinds []string
	for _, name := range names {
		kind := numbered.ReplaceAllString(name, ".N.")
		if first[kind] == "" {
			first[kind] = name
			kinds = append(kinds, kind)
			continue
		}
		more[kind]++
	}
	var words []string
	for _, kind := range kinds[:min(most, len(kinds))] {
		word := first[kind]
		if n := more[kind]; n > 0 {
			word += fmt.Sprintf(" (and %d like it)", n)
		}
		words = append(words, word)
	}
	if n := len(kinds) - most; n > 0 {
		words = append(words, fmt.Sprintf("%d kinds more", n))
	}
	return strings.Join(words, ", ")
}

// numbered is a layer's or an expert's number in a name.
var numbered = regexp.MustCompile(`\.\d+\.`)
