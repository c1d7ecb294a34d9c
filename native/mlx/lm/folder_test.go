package lm_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/fnv"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// vocab is the vocabulary of every golden model.
const vocab = 64

// tensor is a row of a golden's table: [name, type, shape].
type tensor struct {
	Name, Type string
	Shape      []int
}

func (r *tensor) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[]any{&r.Name, &r.Type, &r.Shape})
}

// numbers are count 64-bit numbers for a name, as in scripts/mlx-goldens:
// FNV-1a of the name plus multiples of the golden ratio, through splitmix64's
// finaliser.
func numbers(name string, count int) []uint64 {
	hash := fnv.New64a()
	hash.Write([]byte(name))
	all := make([]uint64, count)
	for i := range all {
		z := hash.Sum64() + uint64(i+1)*0x9E3779B97F4A7C15
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		all[i] = z ^ z>>31
	}
	return all
}

func randomTokens(count, vocab int) []int32 {
	tokens := make([]int32, count)
	for i, z := range numbers("tokens", count) {
		tokens[i] = int32(z % uint64(vocab))
	}
	return tokens
}

// value is the weight of a number, exact in every type (8 significant bits).
func value(name string, z uint64) float64 {
	unit := (2*float64(z>>56) - 255) / 256
	parts := strings.Split(name, ".")
	switch {
	case strings.HasSuffix(name, ".scales"):
		return (1 + math.Floor(math.Abs(unit)/0.25)/4) / 64
	case strings.HasSuffix(name, ".biases"):
		return -0.125
	case strings.Contains(parts[len(parts)-2], "norm"):
		return 1 + math.Floor(unit*8)/16
	}
	return unit / 4
}

// data is a tensor's bytes.
func (r tensor) data() []byte {
	count := 1
	for _, dim := range r.Shape {
		count *= dim
	}
	var out bytes.Buffer
	for _, z := range numbers(r.Name, count) {
		var bits [4]byte
		exact := float32(value(r.Name, z))
		size := 4
		switch r.Type {
		case "U32":
			binary.LittleEndian.PutUint32(bits[:], uint32(z>>32))
		case "F8X4": // four of E4M3 below 2
			binary.LittleEndian.PutUint32(bits[:], uint32(z>>32)&0xBFBFBFBF)
		case "E8M0":
			bits[0], size = byte(121+z%2), 1
		case "U8":
			bits[0], size = byte(z>>32), 1
		case "E4M3":
			bits[0], size = byte(16+z%8), 1
		case "F32":
			binary.LittleEndian.PutUint32(bits[:], math.Float32bits(exact))
		case "BF16":
			binary.LittleEndian.PutUint16(bits[:], uint16(math.Float32bits(exact)>>16))
			size = 2
		case "F16":
			binary.LittleEndian.PutUint16(bits[:], half(exact))
			size = 2
		}
		out.Write(bits[:size])
	}
	return out.Bytes()
}

// stored is the type in the file: what a byte or word codes has no name there.
func (r tensor) stored() string {
	switch r.Type {
	case "F8X4":
		return "U32"
	case "E8M0", "E4M3":
		return "U8"
	}
	return r.Type
}

// half converts a number that float16 holds exactly and is not subnormal.
func half(f float32) uint16 {
	bits := math.Float32bits(f)
	if bits<<1 == 0 {
		return uint16(bits >> 16)
	}
	return uint16(bits>>16&0x8000 | (bits>>13&0x3ffff-112<<10)&0x7fff)
}

// writeFolder makes a model folder of one shard.
func writeFolder(t testing.TB, config json.RawMessage, tensors []tensor) string {
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "config.json"), config, 0o600))
	writeShard(t, filepath.Join(folder, "model.safetensors"), tensors)
	return folder
}

func writeShard(t testing.TB, path string, tensors []tensor) {
	header, data := map[string]any{}, bytes.Buffer{}
	for _, tensor := range tensors {
		from := data.Len()
		data.Write(tensor.data())
		header[tensor.Name] = map[string]any{"dtype": tensor.stored(), "shape": tensor.Shape, "data_offsets": []int{from, data.Len()}}
	}
	text, err := json.Marshal(header)
	require.NoError(t, err)
	writeRawShard(t, path, text, data.Bytes())
}

// writeRawShard writes a header, right or wrong, and data.
func writeRawShard(t testing.TB, path string, header, data []byte) {
	file := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	require.NoError(t, os.WriteFile(path, append(append(file, header...), data...), 0o600))
}
