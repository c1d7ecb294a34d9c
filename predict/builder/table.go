package builder

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
)

// torchTypes are PyTorch's names of the types that it has.
var torchTypes = map[string]string{
	"f64": "float64", "f32": "float32", "f16": "float16", "bf16": "bfloat16",
	"i64": "int64", "i32": "int32", "i16": "int16", "i8": "int8", "u8": "uint8", "u32": "uint32", "bool": "bool",
	"f8_e4m3": "float8_e4m3fn", "f8_e5m2": "float8_e5m2",
}

func torchType(name string) string {
	if t, ok := torchTypes[name]; ok {
		return "torch." + t
	}
	return name // a quantised type that PyTorch lacks
}

// WriteCSV dumps the table as kind,name,shape,dtype with shapes as Python
// prints them, rows first; a packed weight as the tensors that the file has.
func (m Model) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	rows := [][]string{{"kind", "name", "shape", "dtype"}}
	for _, weight := range m.Tensors {
		for _, t := range weight.Stored() {
			rows = append(rows, []string{"param", t.Name, tuple(t.Shape), torchType(t.Type)})
		}
	}
	if err := out.WriteAll(rows); err != nil {
		return fmt.Errorf("tensor table of %s: %w", m.Facts.Name, err)
	}
	return nil
}

func tuple(shape []int64) string {
	text := strings.Trim(strings.ReplaceAll(fmt.Sprint(rowsFirst(shape)), " ", ", "), "[]")
	if len(shape) == 1 {
		text += ","
	}
	return "(" + text + ")"
}

func shapeText(t ConfigTensor) string { return tuple(rowsFirst(t.Shape)) }
