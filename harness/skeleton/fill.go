package skeleton

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	family "assay/predict/family/llamacpp"
	"assay/predict/gguf"
)

// Random fills a tensor with numbers that only its name decides. Matrices get
// values around ±1/sqrt(row length), so that activations neither vanish nor
// overflow; norms get values near 1, biases small ones.
func Random(t gguf.Tensor, w io.Writer) error {
	put, ok := encoders[t.Type]
	if !ok {
		return fmt.Errorf("a skeleton cannot be filled with %s; types that can: %s", t.Type, strings.Join(GGUFTypes(), ", "))
	}
	h := fnv.New64a()
	io.WriteString(h, t.Name)
	r := &source{state: h.Sum64()}
	s := scaleOf(t)
	block := t.Type.BlockBytes()
	buf := make([]byte, block*(1<<16/block))
	for left := t.Bytes(); left > 0; left -= int64(len(buf)) {
		buf = buf[:min(int64(len(buf)), left)]
		for i := int64(0); i < int64(len(buf)); i += block {
			put(buf[i:i+block], r, s)
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	return nil
}

// scale is the shape of a tensor's values: |value| lies in [2^exp, 2^(exp+1)).
type scale struct {
	exp    int
	signed bool
	// negative values only, as a state-space model's A needs.
	negative bool
}

func scaleOf(t gguf.Tensor) scale {
	switch {
	case strings.HasSuffix(t.Name, "ssm_a"):
		return scale{exp: -1, negative: true}
	case len(t.Shape) > 1:
		return scale{exp: -1 - int(math.Round(math.Log2(float64(t.Shape[0]))/2)), signed: true}
	case strings.HasSuffix(t.Name, ".bias"), strings.Contains(t.Name, "sinks"):
		return scale{exp: -6, signed: true}
	default:
		return scale{}
	}
}

// source is splitmix64 (Steele, Lea, Flood 2014): fast, and the same everywhere.
type source struct{ state uint64 }

func (s *source) next() uint64 {
	s.state += 0x9e3779b97f4a7c15
	z := s.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// encoder writes one block of random values.
type encoder func(block []byte, r *source, s scale)

// encoders holds the types that a skeleton can have. Of a quantised block, the
// half-precision scales must be sound numbers; all other bits may be anything
// (block layouts: ggml/src/ggml-common.h, llama.cpp v0.5.0).
var encoders = map[gguf.Type]encoder{
	gguf.F32:    putF32,
	gguf.F16:    putF16,
	gguf.BF16:   putBF16,
	gguf.Q8_0:   quantised(7, 0),
	gguf.Q4_0:   quantised(3, 0),
	gguf.Q4_1:   withMinimum(4),
	gguf.Q5_0:   quantised(4, 0),
	gguf.Q5_1:   withMinimum(5),
	gguf.IQ4_NL: quantised(7, 0),
	gguf.Q2_K:   quantised(6, 80, 82),
	gguf.Q3_K:   quantised(8, 108),
	gguf.Q4_K:   quantised(10, 0, 2),
	gguf.Q5_K:   quantised(11, 0, 2),
	gguf.Q6_K:   quantised(12, 208),
	gguf.IQ4_XS: quantised(12, 0),
	gguf.MXFP4:  putMXFP4,
}

// GGUFTypes names the types and mixes that the matrices of a GGUF skeleton can have.
func GGUFTypes() []string {
	var names []string
	for _, t := range slices.Sorted(maps.Keys(encoders)) {
		names = append(names, t.String())
	}
	for _, mix := range family.Mixes() {
		if !slices.ContainsFunc(family.TypesOfMix(mix), func(t gguf.Type) bool { return encoders[t] == nil }) {
			names = append(names, mix)
		}
	}
	return names
}

// sign is the sign bit of a value whose other random bits are in bits.
func (s scale) sign(bits uint64) uint32 {
	if s.negative || s.signed && bits>>63 == 1 {
		return 1
	}
	return 0
}

func putF32(b []byte, r *source, s scale) {
	bits := r.next()
	binary.LittleEndian.PutUint32(b, s.sign(bits)<<31|uint32(127+s.exp)<<23|uint32(bits)&0x7fffff>>s.narrow())
}

func putF16(b []byte, r *source, s scale) {
	bits := r.next()
	binary.LittleEndian.PutUint16(b, uint16(s.sign(bits)<<15|halfExponent(s.exp)<<10|uint32(bits)&0x3ff>>s.narrow()))
}

func putBF16(b []byte, r *source, s scale) {
	bits := r.next()
	binary.LittleEndian.PutUint16(b, uint16(s.sign(bits)<<15|uint32(127+s.exp)<<7|uint32(bits)&0x7f>>s.narrow()))
}

// narrow keeps norms within an eighth of 1.
func (s scale) narrow() int {
	if !s.signed && !s.negative {
		return 3
	}
	return 0
}

func halfExponent(exp int) uint32 { return uint32(max(1, 15+exp)) }

// quantised fills a block with random bits and puts sound half-precision
// numbers at the offsets of its scales. magnitude is how many powers of two the
// largest quant is above the scale.
func quantised(magnitude int, scales ...int) encoder {
	return func(b []byte, r *source, s scale) {
		for i := 0; i < len(b); i += 8 {
			var word [8]byte
			binary.LittleEndian.PutUint64(word[:], r.next())
			copy(b[i:], word[:])
		}
		for _, at := range scales {
			binary.LittleEndian.PutUint16(b[at:], uint16(halfExponent(s.exp+1-magnitude)<<10|uint32(r.next())&0x3ff))
		}
	}
}

// withMinimum fills a block whose values are scale × quant + minimum, with
// unsigned quants of so many bits: the minimum puts their middle near 0.
func withMinimum(bits int) encoder {
	fill := quantised(bits, 0)
	return func(b []byte, r *source, s scale) {
		fill(b, r, s)
		b[2], b[3] = b[0], b[1]+byte(bits-1)<<2|0x80 // -2^(bits-1) × scale
	}
}

// putMXFP4 writes one shared power-of-two exponent and 32 random 4-bit floats.
func putMXFP4(b []byte, r *source, s scale) {
	quantised(0)(b, r, s)
	b[0] = byte(127 + s.exp - 2)
}
