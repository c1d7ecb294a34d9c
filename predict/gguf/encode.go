package gguf

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// appendValue appends kind and value.
func appendValue(b []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case uint8, int8, uint16, int16, uint32, int32, uint64, int64, float32, float64, bool:
		return appendFixed(b, value)
	case string:
		b = binary.LittleEndian.AppendUint32(b, uint32(KindString))
		return appendString(b, v), nil
	case []string:
		b = appendArrayHead(b, KindString, len(v))
		for _, s := range v {
			b = appendString(b, s)
		}
		return b, nil
	}
	return appendFixedArray(b, value)
}

func appendString(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint64(b, uint64(len(s))), s...)
}

func appendArrayHead(b []byte, elem Kind, n int) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(KindArray))
	b = binary.LittleEndian.AppendUint32(b, uint32(elem))
	return binary.LittleEndian.AppendUint64(b, uint64(n))
}

// appendFixed appends kind and value of a number or a bool.
func appendFixed(b []byte, value any) ([]byte, error) {
	b = binary.LittleEndian.AppendUint32(b, uint32(fixedKind(value)))
	return binary.Append(b, binary.LittleEndian, value)
}

func appendFixedArray(b []byte, value any) ([]byte, error) {
	kind := fixedKind(value)
	if kind == KindArray {
		return nil, fmt.Errorf("a %T is no value of the format; give numbers their width", value)
	}
	var data bytes.Buffer
	if err := binary.Write(&data, binary.LittleEndian, value); err != nil {
		return nil, err
	}
	b = appendArrayHead(b, kind, data.Len()/int(kinds[kind].width))
	return append(b, data.Bytes()...), nil
}

// fixedKind is the kind of a number or a bool, or of the elements of a slice
// of them; KindArray for anything else.
func fixedKind(value any) Kind {
	switch value.(type) {
	case uint8, []uint8:
		return KindUint8
	case int8, []int8:
		return KindInt8
	case uint16, []uint16:
		return KindUint16
	case int16, []int16:
		return KindInt16
	case uint32, []uint32:
		return KindUint32
	case int32, []int32:
		return KindInt32
	case uint64, []uint64:
		return KindUint64
	case int64, []int64:
		return KindInt64
	case float32, []float32:
		return KindFloat32
	case float64, []float64:
		return KindFloat64
	case bool, []bool:
		return KindBool
	}
	return KindArray
}
