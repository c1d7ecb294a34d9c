package source

import (
	"fmt"
	"strconv"
	"strings"

	"assay/predict/arch"
	"assay/predict/config"
	"assay/predict/family/llamacpp"
	"assay/predict/gguf"
)

// ggufReader reads facts out of a GGUF: sizes from the metadata, what each
// layer consists of from the tensor table.
type ggufReader struct {
	*config.Reader
	family *llamacpp.Family
	known  bool // whether anything is known of the family
	table  map[string]gguf.Tensor
}

func loadGGUF(path string) (arch.Facts, error) {
	file, err := gguf.Open(path)
	if err != nil {
		return arch.Facts{}, err
	}
	defer file.Close()
	f, err := fromGGUF(file)
	if err != nil {
		return f, err
	}
	f.Path = path
	f.File, err = identifyGGUF(file)
	return f, err
}

// identifyGGUF counts as llama.cpp does (llama_model_size, llama_model_n_params).
func identifyGGUF(file *gguf.File) (*arch.File, error) {
	id := arch.File{Type: file.FileType(), Params: new(int64(0))}
	for _, t := range file.Tensors {
		id.Bytes += t.Bytes()
		*id.Params += t.Elements()
	}
	var err error
	id.HeaderSHA256, err = file.HeaderSHA256()
	return &id, err
}

func fromGGUF(file *gguf.File) (arch.Facts, error) {
	name, err := gguf.Get[string](file, "general.architecture")
	if err != nil && otherThanModel(file, "") != nil { // imatrix files have none
		return arch.Facts{}, otherThanModel(file, "")
	}
	if err != nil {
		return arch.Facts{}, fmt.Errorf("%w; this is no model that llama.cpp can load", err)
	}
	if err := otherThanModel(file, name); err != nil {
		return arch.Facts{}, err
	}
	r, err := newGGUFReader(file, name)
	if err != nil {
		return arch.Facts{}, err
	}
	f := r.facts(name)
	f.Name, _ = gguf.Get[string](file, "general.name")
	if err := r.Err(); err != nil {
		return arch.Facts{}, err
	}
	if err := f.Validate(); err != nil {
		return arch.Facts{}, fmt.Errorf("%s: %w", file.Name, err)
	}
	table := make([]arch.Tensor, len(file.Tensors))
	for i, t := range file.Tensors {
		table[i] = arch.Tensor{Name: t.Name, Type: t.Type.String(), Shape: t.Shape}
	}
	return withTensors(f, table, file.Name)
}

// otherKinds are the files that are no model, by general.type (gguf-py's
// GGUFType, v0.5.0), with what they are for.
var otherKinds = map[string]string{
	"mmproj":  "a projector of another modality, which llama.cpp takes beside a model as --mmproj",
	"adapter": "an adapter, which llama.cpp takes beside the model that it was trained on as --lora",
	"imatrix": "an importance matrix, which llama-quantize takes as --imatrix",
	"vocab":   "a vocabulary alone, for tests of tokenizers",
}

// otherThanModel names what a file is that is no model. Older ones lack the type.
func otherThanModel(file *gguf.File, name string) error {
	kind, _ := gguf.Get[string](file, "general.type")
	if trained, err := gguf.Get[string](file, "adapter.type"); err == nil && kind == "" {
		kind = "adapter"
		name += ", " + trained
	}
	if name == "clip" && kind == "" {
		kind = "mmproj"
	}
	what, other := otherKinds[kind]
	if !other {
		return nil
	}
	return fmt.Errorf("%s: is %s (%s), and no model; give the model's own file", file.Name, what, name)
}

// newGGUFReader takes the keys under the architecture's prefix; the tokenizer's
// long arrays stay in the file.
func newGGUFReader(file *gguf.File, name string) (*ggufReader, error) {
	r := &ggufReader{table: make(map[string]gguf.Tensor, len(file.Tensors))}
	r.family, r.known = llamacpp.Of(name)
	r.Reader = &config.Reader{File: file.Name, Dialect: config.GGUFKeys, Keys: map[string]config.Value{}, Prov: map[string]arch.Provenance{}}
	for _, t := range file.Tensors {
		r.table[t.Name] = t
	}
	if r.known {
		r.Kind = &config.ModelType{Name: name, Defaults: r.family.Defaults, Scaled: r.family.Scaled, Weighed: r.family.Weighed,
			PerLayer: r.family.PerLayer}
	}
	for _, key := range file.Keys() {
		short, ours := strings.CutPrefix(key, name+".")
		if !ours {
			continue
		}
		data, err := ggufValue(file, key)
		if err != nil {
			return nil, err
		}
		r.Keys[short] = config.Value{Path: key, Data: data}
	}
	return r, nil
}

// ggufValue brings a metadata value into the forms that a reader knows.
func ggufValue(file *gguf.File, key string) (any, error) {
	v, _ := file.Lookup(key)
	if v.Kind() == gguf.KindArray {
		return ggufArray(file, key, v.Elem())
	}
	switch v.Kind() {
	case gguf.KindString:
		return gguf.Get[string](file, key)
	case gguf.KindBool:
		return gguf.Get[bool](file, key)
	case gguf.KindFloat32:
		return decimal(gguf.Get[float32](file, key))
	case gguf.KindFloat64:
		return gguf.Get[float64](file, key)
	}
	return gguf.Get[int64](file, key)
}

// decimal widens by way of the shortest decimal, so that an f32 of 1e-6 is the
// config's 1e-6 again and not 9.99999997e-07.
func decimal(v float32, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return strconv.ParseFloat(strconv.FormatFloat(float64(v), 'g', -1, 32), 64)
}

func ggufArray(file *gguf.File, key string, elem gguf.Kind) (any, error) {
	switch elem {
	case gguf.KindString, gguf.KindFloat32, gguf.KindFloat64:
		return nil, nil // no fact is a list of these
	case gguf.KindBool:
		return anys(gguf.Array[bool](file, key))
	}
	return anys(gguf.Array[int64](file, key))
}

func anys[T any](list []T, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out, nil
}

func (r *ggufReader) facts(name string) arch.Facts {
	f := arch.Facts{Family: name, ModelType: config.TypeOf(name)}
	r.Note("family", arch.FromFile, "general.architecture of %s", r.File)
	r.Note("model_type", arch.FromComputed, "Hugging Face's name of llama.cpp's %s", name)
	f.Hidden = r.Integer("hidden")
	f.Vocab = r.vocab()
	f.ContextLength = r.OptionalOr("context_length", 0)
	f.NormEpsilon = r.Number("norm_epsilon")
	f.RopeBase = r.Number("rope_base")
	f.TiedEmbeddings = !r.has("output.weight")
	r.Note("tied_embeddings", arch.FromTensors, "output.weight is there: %t", !f.TiedEmbeddings)
	f.Layers = r.layers(f.Hidden)
	f.DraftLayers = r.OptionalOr("draft_layers", 0)
	f.Scales = r.Scales()
	f.PerLayer = r.PerLayerWidth()
	if rotated, said := r.Flag("unrotated", "rope.scaling.finetuned"); said && r.Kind != nil && r.Kind.Scaled {
		f.Unrotated = !rotated
	}
	f.Provenance = r.Prov
	if !r.known {
		f.Unknown = []string{
			"the GGUF layout of " + name + ": no tensors can be predicted, and windows only as far as the metadata has them",
		}
	}
	return f
}

// vocab is what the embedding holds; llama.cpp falls back on the key only for
// files without a tokenizer.
func (r *ggufReader) vocab() int64 {
	t, ok := r.table["token_embd.weight"]
	if !ok || len(t.Shape) != 2 {
		return r.Integer("vocab")
	}
	r.Note("vocab", arch.FromTensors, "token_embd.weight of %s", r.File)
	return t.Shape[1]
}

func (r *ggufReader) has(name string) bool {
	_, ok := r.table[name]
	return ok
}

// hasAny says whether a block has any tensor of these.
func (r *ggufReader) hasAny(block int, kinds ...string) bool {
	for _, kind := range kinds {
		if r.has(fmt.Sprintf("blk.%d.%s", block, kind)) {
			return true
		}
	}
	return false
}
