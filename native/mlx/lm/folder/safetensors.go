package folder

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"
)

// tensorInfo is one entry of a safetensors header.
type Tensor struct {
	DType   string `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets []int  `json:"data_offsets"`
	Shard   string `json:"-"`
	// Name is what the file calls it.
	Name string `json:"-"`
}

// dtypeBytes are the element sizes of the types that a model may hold here.
var dtypeBytes = map[string]int{
	"F32": 4, "F16": 2, "BF16": 2, "U32": 4, "I32": 4, "U8": 1, "I8": 1, "U16": 2, "I16": 2, "I64": 8, "U64": 8, "F64": 8, "BOOL": 1,
}

// maxHeader bounds a header, as the format does.
const maxHeader = 100 << 20

// ReadTensors returns the tensors of all shards in a folder. MLX trusts the
// headers, so they are checked here: every shard that the index names is there
// and complete, no two tensors share bytes, and shapes and sizes agree.
func ReadTensors(folder string) (map[string]Tensor, []string, error) {
	shards, err := filepath.Glob(filepath.Join(folder, "model*.safetensors"))
	if err != nil || len(shards) == 0 {
		return nil, nil, fmt.Errorf("no model*.safetensors in %s", folder)
	}
	sort.Strings(shards)
	tensors := map[string]Tensor{}
	for _, shard := range shards {
		found, err := readHeader(shard)
		if err != nil {
			return nil, nil, err
		}
		for name, tensor := range found {
			if other, twice := tensors[name]; twice {
				return nil, nil, fmt.Errorf("%s: tensor %s is in %s too", shard, name, filepath.Base(other.Shard))
			}
			tensors[name] = tensor
		}
	}
	return tensors, shards, checkIndex(folder, tensors)
}

// checkIndex compares the tensors with model.safetensors.index.json, if there
// is one: a shard or tensor that it names may not be missing.
func checkIndex(folder string, tensors map[string]Tensor) error {
	path := filepath.Join(folder, "model.safetensors.index.json")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the index of the weights: %w", err)
	}
	var index struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(text, &index); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for name, shard := range index.WeightMap {
		if _, err := os.Stat(filepath.Join(folder, shard)); err != nil {
			return fmt.Errorf("%s names a shard that is missing: %w", path, err)
		}
		if _, ok := tensors[name]; !ok {
			return fmt.Errorf("%s: tensor %s, which %s promises, is missing", filepath.Join(folder, shard), name, filepath.Base(path))
		}
	}
	return nil
}

// readHeader reads and checks the header of one file (the format is described
// in huggingface/safetensors, README.md: 8 bytes of length, JSON, data).
func readHeader(path string) (map[string]Tensor, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening weights: %w", err)
	}
	defer file.Close()
	stat, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("opening weights: %w", err)
	}
	var length [8]byte
	if _, err := io.ReadFull(file, length[:]); err != nil {
		return nil, fmt.Errorf("%s is truncated: no header length: %w", path, err)
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader || int64(n) > stat.Size()-8 {
		return nil, fmt.Errorf("%s is truncated or no safetensors file: a header of %d bytes in a file of %d", path, n, stat.Size())
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(file, text); err != nil {
		return nil, fmt.Errorf("reading the header of %s: %w", path, err)
	}
	tensors, err := parseHeader(text, stat.Size()-8-int64(n))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for name, tensor := range tensors {
		tensor.Shard, tensor.Name = path, name
		tensors[name] = tensor
	}
	return tensors, nil
}

// parseHeader checks a header against the size of the data that follows it.
func parseHeader(text []byte, data int64) (map[string]Tensor, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, fmt.Errorf("the header is no JSON object: %w", err)
	}
	delete(raw, "__metadata__")
	tensors := make(map[string]Tensor, len(raw))
	names := make([]string, 0, len(raw))
	for name, entry := range raw {
		var tensor Tensor
		if err := json.Unmarshal(entry, &tensor); err != nil {
			return nil, fmt.Errorf("tensor %s: %w", name, err)
		}
		if err := tensor.check(data); err != nil {
			return nil, fmt.Errorf("tensor %s: %w", name, err)
		}
		tensors[name] = tensor
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return slices.Compare(tensors[a].Offsets, tensors[b].Offsets) })
	for i := 1; i < len(names); i++ {
		before, after := tensors[names[i-1]], tensors[names[i]]
		if before.Offsets[1] > after.Offsets[0] {
			return nil, fmt.Errorf("tensors %s and %s overlap at byte %d", names[i-1], names[i], after.Offsets[0])
		}
	}
	return tensors, nil
}

// check compares type, shape and offsets with each other and with the data.
func (t Tensor) check(data int64) error {
	size, ok := dtypeBytes[t.DType]
	if !ok {
		return fmt.Errorf("type %q is not supported", t.DType)
	}
	if len(t.Offsets) != 2 || t.Offsets[0] < 0 || t.Offsets[1] < t.Offsets[0] {
		return fmt.Errorf("data_offsets %v are no range", t.Offsets)
	}
	for _, dim := range t.Shape {
		if dim < 0 || dim > math.MaxInt32 || size > math.MaxInt/(dim+1) {
			return fmt.Errorf("shape %v is impossible", t.Shape)
		}
		size *= dim
	}
	if t.Offsets[1]-t.Offsets[0] != size {
		return fmt.Errorf("%s of shape %v takes %d bytes, but data_offsets give %d", t.DType, t.Shape, size, t.Offsets[1]-t.Offsets[0])
	}
	if int64(t.Offsets[1]) > data {
		return fmt.Errorf("ends at byte %d of %d: the file is truncated", t.Offsets[1], data)
	}
	return nil
}
