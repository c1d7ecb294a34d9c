package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
)

// Kind is the type of a metadata value, with the format's own numbers
// (enum gguf_type, ggml/include/gguf.h, llama.cpp v0.5.0).
type Kind uint32

// The kinds of metadata values.
const (
	KindUint8   Kind = 0
	KindInt8    Kind = 1
	KindUint16  Kind = 2
	KindInt16   Kind = 3
	KindUint32  Kind = 4
	KindInt32   Kind = 5
	KindFloat32 Kind = 6
	KindBool    Kind = 7
	KindString  Kind = 8
	KindArray   Kind = 9
	KindUint64  Kind = 10
	KindInt64   Kind = 11
	KindFloat64 Kind = 12
)

// kinds gives each kind gguf.cpp's name and its width in bytes; 0 where the
// width is in the file.
var kinds = [...]struct {
	name  string
	width int64
}{
	KindUint8: {"u8", 1}, KindInt8: {"i8", 1}, KindUint16: {"u16", 2}, KindInt16: {"i16", 2},
	KindUint32: {"u32", 4}, KindInt32: {"i32", 4}, KindFloat32: {"f32", 4}, KindBool: {"bool", 1},
	KindString: {"str", 0}, KindArray: {"arr", 0}, KindUint64: {"u64", 8}, KindInt64: {"i64", 8},
	KindFloat64: {"f64", 8},
}

// String returns gguf.cpp's name of the kind, such as "u32".
func (k Kind) String() string {
	if int(k) < len(kinds) {
		return kinds[k].name
	}
	return fmt.Sprintf("kind %d", uint32(k))
}

// Scalar is what a metadata value, or an element of an array, can be read as.
type Scalar interface {
	uint8 | int8 | uint16 | int16 | uint32 | int32 | uint64 | int64 | float32 | float64 | bool | string
}

// Value is one metadata value. An array is known by its kind and length; its
// elements stay in the file until Array asks for them.
type Value struct {
	kind   Kind
	scalar any // a Scalar, for all but arrays

	elem  Kind
	count int64
	at    int64 // where the first element of an array begins
}

// Kind is the value's kind; KindArray for arrays.
func (v Value) Kind() Kind { return v.kind }

// Elem is the kind of an array's elements, and Kind itself for anything else.
func (v Value) Elem() Kind {
	if v.kind == KindArray {
		return v.elem
	}
	return v.kind
}

// String shows a scalar, and an array's kind and length.
func (v Value) String() string {
	if v.kind == KindArray {
		return fmt.Sprintf("%s[%d]", v.elem, v.count)
	}
	return fmt.Sprint(v.scalar)
}

func describe(v Value) string {
	if v.kind == KindArray {
		return "the array " + v.String()
	}
	return fmt.Sprintf("%s %.60q", v.kind, v.String())
}

// assign stores s in *out if nothing of its value is lost.
func assign[T Scalar](out *T, s any) bool {
	if same, ok := s.(T); ok {
		*out = same
		return true
	}
	dst, src := reflect.ValueOf(out).Elem(), reflect.ValueOf(s)
	switch {
	case dst.CanFloat() && src.CanFloat():
		dst.SetFloat(src.Float())
		return dst.Float() == src.Float() || math.IsNaN(src.Float())
	case dst.CanInt() && src.CanInt():
		dst.SetInt(src.Int())
		return dst.Int() == src.Int()
	case dst.CanInt() && src.CanUint():
		dst.SetInt(int64(src.Uint()))
		return dst.Int() >= 0 && uint64(dst.Int()) == src.Uint()
	case dst.CanUint() && src.CanInt():
		dst.SetUint(uint64(src.Int()))
		return src.Int() >= 0 && dst.Uint() == uint64(src.Int())
	case dst.CanUint() && src.CanUint():
		dst.SetUint(src.Uint())
		return dst.Uint() == src.Uint()
	}
	return false
}

// scalar reads one value of a kind other than array.
func (c *cursor) scalar(k Kind, field string) (any, error) {
	if k == KindString {
		return c.str(maxString, field)
	}
	at := c.pos
	b, err := c.bytes(kinds[k].width, field)
	if err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	switch k {
	case KindUint8:
		return b[0], nil
	case KindInt8:
		return int8(b[0]), nil
	case KindUint16:
		return le.Uint16(b), nil
	case KindInt16:
		return int16(le.Uint16(b)), nil
	case KindUint32:
		return le.Uint32(b), nil
	case KindInt32:
		return int32(le.Uint32(b)), nil
	case KindFloat32:
		return math.Float32frombits(le.Uint32(b)), nil
	case KindUint64:
		return le.Uint64(b), nil
	case KindInt64:
		return int64(le.Uint64(b)), nil
	case KindFloat64:
		return math.Float64frombits(le.Uint64(b)), nil
	}
	if b[0] > 1 { // KindBool
		return nil, c.fail(at, field, "a bool is 0 or 1, not %d", b[0])
	}
	return b[0] == 1, nil
}

// value reads a value of kind k, leaving the elements of an array where they are.
func (c *cursor) value(k Kind, field string) (Value, error) {
	if k != KindArray {
		s, err := c.scalar(k, field)
		return Value{kind: k, scalar: s}, err
	}
	elem, err := c.kind(field + " element kind")
	if err != nil {
		return Value{}, err
	}
	if elem == KindArray {
		return Value{}, c.fail(c.pos-4, field, "an array of arrays, which no runtime reads")
	}
	v := Value{kind: KindArray, elem: elem}
	width := kinds[elem].width
	if elem != KindString {
		if v.count, err = c.count(width, field+" count"); err != nil {
			return Value{}, err
		}
		v.at = c.pos
		return v, c.skip(v.count*width, field)
	}
	at := c.pos
	if v.count, err = c.count(8, field+" count"); err != nil {
		return Value{}, err
	}
	if v.count > maxStrings {
		return Value{}, c.fail(at, field, "an array of %d strings; at most %d are allowed", v.count, maxStrings)
	}
	v.at = c.pos
	return v, c.skipStrings(v.count, field)
}

// skipStrings walks over n strings by their lengths.
func (c *cursor) skipStrings(n int64, field string) error {
	for range n {
		length, err := c.count(1, field)
		if err != nil {
			return err
		}
		c.pos += length // count made sure that it fits
	}
	return nil
}

// kind reads a metadata kind.
func (c *cursor) kind(field string) (Kind, error) {
	k, err := c.u32(field)
	if err == nil && int(k) >= len(kinds) {
		err = c.fail(c.pos-4, field, "kind %d is none of the format's %d", k, len(kinds))
	}
	return Kind(k), err
}
