package skeleton

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"assay/harness/home"
	"assay/native/mlx/lm"
	"assay/predict/arch"
	"assay/predict/gguf"
	"assay/predict/safetensors"
)

// folderType is what the weights of a Hugging Face folder are stored as.
type folderType struct {
	vectors     safetensors.DType // norms, biases, scales
	bits, group int               // of matrices that are packed; 0: not quantised
	mode        string            // of a packing without biases; empty is affine
	wider       int               // bits of the matrices that a recipe gives more; 0: all have the same
}

// folderTypes are the types that a folder can have, by the names that
// mlx-community gives its quantised models ("4bit"), with the group size where
// it is not 64.
var folderTypes = map[string]folderType{
	"f32":      {vectors: "F32"},
	"f16":      {vectors: "F16"},
	"bf16":     {vectors: "BF16"},
	"4bit":     {vectors: "BF16", bits: 4, group: 64},
	"8bit":     {vectors: "BF16", bits: 8, group: 64},
	"4bit-g32": {vectors: "BF16", bits: 4, group: 32},
	"8bit-g32": {vectors: "BF16", bits: 8, group: 32},
	"mxfp4":    {vectors: "BF16", bits: 4, group: 32, mode: "mxfp4"},
	// The recipes of mlx_lm.convert (mlx_lm/convert.py, 0.32.2), by its names.
	"mixed_2_6": {vectors: "BF16", bits: 2, group: 64, wider: 6},
	"mixed_3_4": {vectors: "BF16", bits: 3, group: 64, wider: 4},
	"mixed_3_6": {vectors: "BF16", bits: 3, group: 64, wider: 6},
	"mixed_4_6": {vectors: "BF16", bits: 4, group: 64, wider: 6},
}

var layerOf = regexp.MustCompile(`\.layers\.([0-9]+)\.`)

// widened says whether a recipe gives a module more bits (mixed_quant_predicate_builder
// of mlx_lm/convert.py): the output layer always, values and what leads out of a
// feed-forward part in the first and last eighth of the layers and in every third.
func widened(path string, layers int) bool {
	if strings.Contains(path, "lm_head") {
		return true
	}
	layer := 0
	if m := layerOf.FindStringSubmatch(path); m != nil {
		layer, _ = strconv.Atoi(m[1]) // digits, by the pattern
	}
	first := layers / 8
	more := layer < first || layer >= 7*layers/8 || (layer-first)%3 == 2
	return more && (strings.Contains(path, "v_proj") || strings.Contains(path, "down_proj"))
}

// of is how a tensor's module is packed.
func (k folderType) of(name string, layers int) folderType {
	if path, _, ok := cutLast(name); ok && k.wider > 0 && widened(path, layers) {
		k.bits = k.wider
	}
	return k
}

// cutLast cuts a name before its last part.
func cutLast(name string) (path, last string, ok bool) {
	at := strings.LastIndexByte(name, '.')
	if at < 0 {
		return name, "", false
	}
	return name[:at], name[at+1:], true
}

// FolderTypes names the types that the weights of a folder can have.
func FolderTypes() []string { return slices.Sorted(maps.Keys(folderTypes)) }

// FolderBits is what an element of a matrix takes in a folder of the type, with
// its share of a group's scale and bias; 0 where that depends on the layer.
func FolderBits(weightType string) float64 {
	t := folderTypes[weightType]
	vector := float64(t.vectors.Bits())
	switch {
	case t.wider > 0:
		return 0
	case t.bits == 0:
		return vector
	case t.mode != "":
		return float64(t.bits) + 8/float64(t.group)
	}
	return float64(t.bits) + 2*vector/float64(t.group)
}

// Folder writes the skeleton of f as a Hugging Face folder below dir, unless
// it is there already, and returns its path. weightType is one of FolderTypes
// ("" is f16).
func Folder(ctx context.Context, dir string, f arch.Facts, weightType string) (string, error) {
	path := filepath.Join(dir, Name(f, weightType))
	return path, unlessThere(filepath.Join(path, "config.json"), func() error {
		return WriteFolder(ctx, path, f, weightType, true)
	})
}

// SparseFolder is Folder with zeros that take no space on disk for weights.
func SparseFolder(ctx context.Context, dir string, f arch.Facts, weightType string) (string, error) {
	path := filepath.Join(dir, Name(f, weightType)+"-sparse")
	return path, unlessThere(filepath.Join(path, "config.json"), func() error {
		return WriteFolder(ctx, path, f, weightType, false)
	})
}

// WriteFolder writes config.json and model.safetensors into the folder at
// path, which mlx-lm and package lm load; there is no tokenizer. Weights are
// random, or zeros that take no space. config.json comes last: a folder that
// has one is complete.
func WriteFolder(ctx context.Context, path string, f arch.Facts, weightType string, random bool) error {
	kind, ok := folderTypes[orDefault(weightType)]
	if !ok {
		return fmt.Errorf("a folder for mlx-lm cannot have %s weights; types that it can: %s", weightType, strings.Join(FolderTypes(), ", "))
	}
	fields, err := Config(f)
	if err != nil {
		return err
	}
	if kind.bits > 0 {
		scheme := map[string]any{"bits": kind.bits, "group_size": kind.group}
		if kind.mode != "" {
			scheme["mode"] = kind.mode
		}
		fields["quantization"] = scheme
	}
	config, weights, err := described(f, fields)
	if err == nil && kind.wider > 0 {
		widen(fields, kind, weights, len(f.Layers))
		config, weights, err = described(f, fields)
	}
	if err != nil {
		return err
	}
	_, err = os.Stat(path)
	fresh := errors.Is(err, fs.ErrNotExist)
	err = fillFolder(path, config, func(file string) error {
		return writeWeights(ctx, file, weights, random, func(name string) folderType { return kind.of(name, len(f.Layers)) })
	})
	if err != nil && fresh {
		err = errors.Join(err, os.RemoveAll(path))
	}
	return err
}

// described is a config.json of the fields, and what a model of it consists of.
func described(f arch.Facts, fields map[string]any) (config []byte, weights []lm.Weight, err error) {
	if config, err = json.MarshalIndent(fields, "", "  "); err != nil {
		return nil, nil, fmt.Errorf("the configuration of %s: %w", f.Name, err)
	}
	if weights, err = lm.Weights(config); err != nil {
		return nil, nil, fmt.Errorf("the weights of %s: %w", f.Name, err)
	}
	return config, weights, nil
}

// widen says which modules have more bits than the others.
func widen(fields map[string]any, kind folderType, weights []lm.Weight, layers int) {
	scheme := fields["quantization"].(map[string]any)
	for _, w := range weights {
		if path, last, _ := cutLast(w.Name); last == "scales" && widened(path, layers) {
			scheme[path] = map[string]any{"bits": kind.wider, "group_size": kind.group}
		}
	}
}

// fillFolder writes both files. A folder that has shards of another model is
// refused, since they would be loaded with the skeleton's.
func fillFolder(path string, config []byte, weights func(file string) error) error {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return fmt.Errorf("the skeleton's folder: %w", err)
	}
	only, last := filepath.Join(path, "model.safetensors"), filepath.Join(path, "config.json")
	there, err := os.ReadDir(path)
	if err != nil {
		return fmt.Errorf("the skeleton's folder: %w", err)
	}
	for _, file := range there {
		if name := file.Name(); name != filepath.Base(only) && strings.HasPrefix(name, "model") && strings.Contains(name, ".safetensors") {
			return fmt.Errorf("%s holds weights that are no skeleton's (%s); choose another folder", path, name)
		}
	}
	if err := os.Remove(last); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the skeleton's former configuration: %w", err)
	}
	if err := weights(only); err != nil {
		return err
	}
	if err := home.WriteFile(last, config); err != nil {
		return fmt.Errorf("the skeleton's configuration: %w", err)
	}
	return nil
}

func writeWeights(ctx context.Context, path string, weights []lm.Weight, random bool, kindOf func(name string) folderType) error {
	w := safetensors.Writer{Metadata: map[string]string{"format": "mlx"}}
	for _, weight := range weights {
		shape := make([]int64, len(weight.Shape))
		for i, dim := range weight.Shape {
			shape[i] = int64(dim)
		}
		dtype := kindOf(weight.Name).vectors
		switch {
		case weight.Packed:
			dtype = safetensors.U32
		case weight.Coded:
			dtype = safetensors.U8
		}
		w.Add(weight.Name, dtype, shape...)
	}
	if !random {
		return w.Create(path, nil)
	}
	return w.Create(path, func(t safetensors.Tensor, out io.Writer) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return kindOf(t.Name).fill(t, out)
	})
}

// fill writes a tensor: as in a GGUF skeleton, or packed words with the scales
// and biases that give such values.
func (k folderType) fill(t safetensors.Tensor, out io.Writer) error {
	switch {
	case t.DType == safetensors.U32:
		return randomWords(t, out)
	case t.DType == safetensors.U8:
		return exponents(t, k, out)
	case strings.HasSuffix(t.Name, ".scales"):
		return k.constant(t, k.scale(t), out)
	case strings.HasSuffix(t.Name, ".biases"):
		return k.constant(t, -k.scale(t)*math.Exp2(float64(k.bits-1)), out)
	}
	dtype, err := gguf.ParseType(strings.ToLower(string(t.DType)))
	if err != nil {
		return fmt.Errorf("tensor %s: %w", t.Name, err)
	}
	shape := slices.Clone(t.Shape)
	slices.Reverse(shape) // ggml's order
	return Random(gguf.Tensor{Name: t.Name, Type: dtype, Shape: shape}, out)
}

// scale is the step between two packed values, so that a weight is at most
// about 1/sqrt(row length).
func (k folderType) scale(t safetensors.Tensor) float64 {
	row := float64(t.Shape[len(t.Shape)-1]) * float64(k.group)
	return math.Exp2(-math.Round(math.Log2(row)/2) - float64(k.bits-1))
}

// constant fills a tensor with a power of two or the negative of one, which is
// the upper half of a float32 in bfloat16.
func (k folderType) constant(t safetensors.Tensor, value float64, out io.Writer) error {
	element := binary.LittleEndian.AppendUint16(nil, uint16(math.Float32bits(float32(value))>>16))
	_, err := out.Write(bytes.Repeat(element, int(t.Bytes)/len(element)))
	return err
}

// exponents fills the scales of mxfp4, powers of two with a bias of 127, for
// values of which the largest is 6 (OCP Microscaling Formats 1.0).
func exponents(t safetensors.Tensor, k folderType, out io.Writer) error {
	row := float64(t.Shape[len(t.Shape)-1]) * float64(k.group)
	_, err := out.Write(bytes.Repeat([]byte{byte(124 - math.Round(math.Log2(row)/2))}, int(t.Bytes)))
	return err
}

func randomWords(t safetensors.Tensor, out io.Writer) error {
	h := fnv.New64a()
	io.WriteString(h, t.Name)
	r := &source{state: h.Sum64()}
	buf := make([]byte, 0, 1<<16)
	for left := t.Bytes / 4; left > 0; left-- {
		if buf = binary.LittleEndian.AppendUint32(buf, uint32(r.next()>>32)); len(buf) == cap(buf) || left == 1 {
			if _, err := out.Write(buf); err != nil {
				return err
			}
			buf = buf[:0]
		}
	}
	return nil
}

// CacheType is the type that a folder of this weight type computes keys and
// values in, as ggml names it: its own, or its scales' where it is quantised.
func CacheType(weightType string) string {
	return strings.ToLower(string(folderTypes[orDefault(weightType)].vectors))
}
