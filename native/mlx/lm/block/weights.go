package block

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"assay/native/mlx"
	"assay/native/mlx/lm/folder"
)

// Builder hands the weights of a folder to a family that builds its network.
// What is missing or wrong is noted, so that a refusal lists everything.
type Builder struct {
	*folder.Config
	S      *mlx.Scope
	Prefix string // before every tensor's name: "language_model." in gemma3
	// Flat says that no "model." stands behind the prefix (gemma3n).
	Flat    bool
	quant   *folder.Quantisation
	tensors map[string]folder.Tensor
	shards  map[string]mlx.Tensors
	Taken   map[string]bool
	owned   []*mlx.Array // all that the model holds
	bytes   int64        // of the tensors taken
	missing []string
	wrong   []string
	// unexplained are scales of which config.json says nothing.
	unexplained []string
	Needed      []Weight // filled when there is no Scope: see Weights
}

// The types that a weight may have.
var (
	floating = []string{"F32", "F16", "BF16"}
	packed   = []string{"U32"}
	coded    = []string{"U8"} // scales of the modes of small floats
)

// NewBuilder returns a builder that makes arrays in a Scope, or one that lists
// tensors where the Scope is nil.
func NewBuilder(c *folder.Config, s *mlx.Scope, tensors map[string]folder.Tensor) *Builder {
	b := &Builder{
		Config: c, S: s, tensors: tensors, quant: folder.QuantisationOf(c),
		shards: map[string]mlx.Tensors{}, Taken: map[string]bool{},
	}
	if b.quant != nil && b.quant.Transposed {
		b.refuseOrders()
	}
	return b
}

// Open opens the files that hold the tensors.
func (b *Builder) Open(shards []string) error {
	for _, shard := range shards {
		b.shards[shard] = b.S.LoadSafetensors(shard)
		if err := b.S.Err(); err != nil {
			return fmt.Errorf("opening %s: %w", shard, err)
		}
	}
	return nil
}

// Read computes all that the model owns, and returns it with the bytes of the
// tensors that it came from.
func (b *Builder) Read() ([]*mlx.Array, int64, error) {
	all := make([]mlx.Array, len(b.owned))
	for i, array := range b.owned {
		all[i] = *array
	}
	b.S.Eval(all...)
	return b.owned, b.bytes, b.S.Err()
}

// Close closes the files, and frees what was made where nobody will own it.
func (b *Builder) Close(failed bool) {
	for _, shard := range b.shards {
		shard.Close()
	}
	if failed {
		b.S.Free(b.owned...)
	}
}

// Own keeps an array for as long as the model lives.
func (b *Builder) Own(array mlx.Array) mlx.Array {
	kept := new(mlx.Array)
	b.S.Set(kept, array)
	b.owned = append(b.owned, kept)
	return *kept
}

// full is a tensor's name with what stands before it.
func (b *Builder) full(name string) string {
	if b.Flat {
		name = strings.TrimPrefix(name, "model.")
	}
	return b.Prefix + name
}

// Stored reports that a tensor is in the files.
func (b *Builder) Stored(name string) bool {
	_, ok := b.tensors[b.full(name)]
	return ok
}

// StoredNames are the names of all tensors in the files.
func (b *Builder) StoredNames() iter.Seq[string] { return maps.Keys(b.tensors) }

// Quantised reports that the layer at path is packed in the files.
func (b *Builder) Quantised(path string) bool { return b.Stored(path + ".scales") }

// Dimension returns a dimension of a stored tensor, 0 where it has none.
func (b *Builder) Dimension(name string, axis int) int {
	if info := b.tensors[b.full(name)]; axis < len(info.Shape) {
		return info.Shape[axis]
	}
	return 0
}

// Turned takes and keeps a tensor of three axes with the last two exchanged.
func (b *Builder) Turned(name string, shape ...int) mlx.Array {
	array := b.tensor(name, floating, shape...)
	if !array.Valid() {
		return array
	}
	return b.Own(b.S.Contiguous(b.S.SwapAxes(array, -1, -2)))
}

// Rename gives tensors the names that mlx-lm gives them when it loads a model
// (sanitize); those that it drops are named "".
func (b *Builder) Rename(name func(stored string) string) {
	renamed := make(map[string]folder.Tensor, len(b.tensors))
	for stored, tensor := range b.tensors {
		switch own := name(stored); own {
		case "":
			b.Taken[stored], renamed[stored] = true, tensor
		default:
			renamed[own] = tensor
		}
	}
	b.tensors = renamed
}

// tensor takes a tensor of one of the types and of a shape, in this Scope.
func (b *Builder) tensor(name string, types []string, shape ...int) mlx.Array {
	name = b.full(name)
	if b.listing() {
		b.need(name, types, shape)
		return mlx.Array{}
	}
	info, ok := b.tensors[name]
	if !ok {
		b.missing = append(b.missing, name)
		return mlx.Array{}
	}
	b.Taken[name] = true
	b.bytes += int64(info.Offsets[1] - info.Offsets[0])
	if !slices.Equal(info.Shape, shape) || !slices.Contains(types, info.DType) {
		b.wrong = append(b.wrong, fmt.Sprintf("%s: tensor %s is %s %v, not %s %v",
			filepath.Base(info.Shard), name, info.DType, info.Shape, strings.Join(types, " or "), shape))
		return mlx.Array{}
	}
	if !b.Usable() {
		return mlx.Array{} // refused in the end; nothing need be made
	}
	array := b.S.Get(b.shards[info.Shard], info.Name)
	if t, ok := b.numbersOf(); ok && types[0] == floating[0] {
		return b.S.AsType(array, t)
	}
	return array
}

// Vector takes and keeps a tensor that is used as it is.
func (b *Builder) Vector(name string, shape ...int) mlx.Array {
	return b.keep(b.tensor(name, floating, shape...))
}

func (b *Builder) keep(array mlx.Array) mlx.Array {
	if !array.Valid() {
		return array
	}
	return b.Own(array)
}

// Usable reports that the network is really made: nothing was refused so far.
func (b *Builder) Usable() bool {
	return !b.listing() && len(b.missing) == 0 && len(b.wrong) == 0 && len(b.unexplained) == 0 && len(b.Problems) == 0
}

// Ignore marks tensors that the family does not use, by a part of their names.
func (b *Builder) Ignore(part string) {
	for name := range b.tensors {
		if strings.Contains(name, part) {
			b.Taken[name] = true
		}
	}
}

// Refusal returns one error for everything that does not fit.
func (b *Builder) Refusal(folder string) error {
	if len(b.unexplained) > 0 && !b.Has("quantization_config") {
		b.Note("quantization is missing, but the weights are quantised: there are %d scales, such as %s; take the config.json that the "+
			"weights came with", len(b.unexplained), b.unexplained[0])
	}
	if err := b.Err(); err != nil {
		return err
	}
	var unknown []string
	for name := range b.tensors {
		if !b.Taken[name] {
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

// Weight is a tensor that a model of a configuration consists of.
type Weight struct {
	Name string
	// Shape is in the files' order: the last dimension is contiguous.
	Shape []int
	// Packed says that the elements are words of quantised weights (U32).
	Packed bool
	// Coded says that they are a byte each: scales of small floats (U8).
	Coded bool
}

// listing reports that the builder lists tensors and makes nothing.
func (b *Builder) listing() bool { return b.S == nil }

// need lists a tensor.
func (b *Builder) need(name string, types []string, shape []int) {
	b.Needed = append(b.Needed, Weight{Name: name, Shape: shape, Packed: types[0] == packed[0], Coded: types[0] == coded[0]})
}

// packing is what the files hold of a packed matrix at path, nil where it is not.
func (b *Builder) packing(path string) *folder.Stored {
	if b.listing() || !b.Stored(path+".scales") {
		return nil
	}
	words, scales := b.tensors[b.full(path+".weight")], b.tensors[b.full(path+".scales")]
	stored := &folder.Stored{Coded: scales.DType == coded[0]}
	if n := len(words.Shape); n > 0 && len(scales.Shape) == n {
		stored.Words, stored.Groups = words.Shape[n-1], scales.Shape[n-1]
	}
	return stored
}

// packable reports that the matrix at path is quantised when tensors are listed.
func (b *Builder) packable(path string, shape []int) bool {
	if b.quant == nil {
		return false
	}
	named, ok := b.quant.Layers[b.full(path)]
	return shape[len(shape)-1]%b.quant.All.GroupSize == 0 && (!ok || named.Quantised)
}
