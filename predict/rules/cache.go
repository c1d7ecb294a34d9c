package rules

import (
	"strconv"
	"strings"

	family "assay/predict/family/llamacpp"
	"assay/predict/gguf"
	"assay/predict/kv"
)

// kvBytes lays the cache out in f16, whose rows always fit, and scales the
// elements to the types asked for.
func (q question) kvBytes() (int64, error) {
	p := q.Params
	p.TypeK, p.TypeV = "f16", "f16"
	plan, err := kv.LlamaCpp(q.Facts, p)
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, l := range plan.Layers {
		switch {
		case l.Class == kv.Recurrent && q.stateless, l.Cells == 0:
			continue
		case l.Class == kv.Recurrent:
			sum += l.Bytes()
			continue
		}
		cells := q.cells(plan, l)
		for _, part := range []struct {
			bytes int64
			typ   string
		}{{l.KBytes, q.Params.TypeK}, {l.VBytes, q.Params.TypeV}} {
			size, err := q.sizeOf(part.bytes/2/l.Cells*cells, part.typ)
			if err != nil {
				return 0, err
			}
			sum += size
		}
	}
	return sum, nil
}

// cells is how many a layer has, over all sequences.
func (q question) cells(plan kv.Plan, l kv.Layer) int64 {
	context, streams := plan.ContextCells, plan.Streams()
	if q.unpadded {
		context = q.contextTokens()
	}
	window := q.Facts.Layers[l.Layer].Attention.Window
	switch {
	case l.Class == kv.Full || l.Class == kv.MLA:
		return context
	case q.windowAlone:
		return min(context, window*streams)
	case q.unpadded:
		return min(context, l.Cells)
	}
	return l.Cells
}

// contextTokens is the context as asked for.
func (q question) contextTokens() int64 {
	if q.Params.NCtx > 0 {
		return int64(q.Params.NCtx)
	}
	return q.Facts.ContextLength
}

// sizeOf is what the elements take in the type ("" for f16).
func (q question) sizeOf(elements int64, typ string) (int64, error) {
	t, err := typeOf(typ)
	if err != nil {
		return 0, err
	}
	if q.plainTypes {
		return elements * plainBits(t) / 8, nil
	}
	return elements * t.BlockBytes() / t.BlockElements(), nil
}

// typeOf is the type of that name; of a mix, that of most of its tensors.
func typeOf(name string) (gguf.Type, error) {
	if name == "" {
		return gguf.F16, nil
	}
	if base, ok := family.BaseOfMix(name); ok {
		return base, nil
	}
	return gguf.ParseType(name)
}

// elementsOf is how many elements fill the bytes in the type ("" for f16).
func elementsOf(bytes int64, typ string) (int64, error) {
	t, err := typeOf(typ)
	if err != nil {
		return 0, err
	}
	return bytes / t.BlockBytes() * t.BlockElements(), nil
}

// plainBits is the number in the type's name: q5_1 has 5 bits, f16 has 16.
func plainBits(t gguf.Type) int64 {
	name := strings.TrimLeft(t.String(), "abcdefghijklmnopqrstuvwxyz")
	digits, _, _ := strings.Cut(name, "_")
	bits, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return t.BlockBytes() * 8 / t.BlockElements()
	}
	return bits
}
