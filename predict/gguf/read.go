package gguf

import (
	"cmp"
	"fmt"
	"io"
	"math/bits"
	"slices"

	"assay/predict/tensorfile"
)

// defaultAlignment applies where general.alignment is absent (GGUF_DEFAULT_ALIGNMENT).
const (
	defaultAlignment = 32
	alignmentKey     = "general.alignment"
)

const magic = "GGUF"

// readCounts reads magic, version and the two counts.
func (f *File) readCounts(c *cursor) (tensors, keys int64, err error) {
	b, err := c.bytes(4, "magic")
	if err != nil {
		return 0, 0, err
	}
	if string(b) != magic {
		return 0, 0, c.fail(0, "magic", "%q instead of %q: not a GGUF file", b, magic)
	}
	if f.Version, err = c.u32("version"); err != nil {
		return 0, 0, err
	}
	if err := checkVersion(f.Version); err != nil {
		return 0, 0, c.fail(4, "version", "%w", err)
	}
	// A tensor takes at least a name's length, its dimensions' count, type and
	// offset; a key at least its length, one byte, a kind and a byte of value.
	const minTensor, minKey = 8 + 4 + 4 + 8, 8 + 1 + 4 + 1
	if tensors, err = c.count(minTensor, "tensor count"); err != nil {
		return 0, 0, err
	}
	keys, err = c.count(minKey, "metadata count")
	return tensors, keys, err
}

func checkVersion(v uint32) error {
	switch {
	case v == 2 || v == 3:
		return nil
	case v == 1:
		return fmt.Errorf("version 1, which llama.cpp no longer reads either; convert the model again")
	case v&0xffff == 0 && v != 0:
		return fmt.Errorf("a big-endian file of version %d; turn it with gguf_convert_endian.py of llama.cpp's gguf-py", bits.ReverseBytes32(v))
	}
	return fmt.Errorf("version %d; this program reads 2 and 3", v)
}

// maxKey is the longest key that the format allows (docs/gguf.md).
const maxKey = 1<<16 - 1

// readMetadata reads n keys with their values and returns the alignment of the
// tensor data.
func (f *File) readMetadata(c *cursor, n int64) (alignment int64, err error) {
	alignment = defaultAlignment
	for i := range n {
		at := c.pos
		key, err := c.str(maxKey, fmt.Sprintf("metadata key %d", i))
		if err != nil {
			return 0, err
		}
		field := fmt.Sprintf("metadata key %q", key)
		if key == "" {
			return 0, c.fail(at, field, "key %d is empty", i)
		}
		if _, ok := f.meta[key]; ok {
			return 0, c.fail(at, field, "the key occurs twice")
		}
		kind, err := c.kind(field + " kind")
		if err != nil {
			return 0, err
		}
		v, err := c.value(kind, field)
		if err != nil {
			return 0, err
		}
		if key == alignmentKey {
			if alignment, err = parseAlignment(v); err != nil {
				return 0, c.fail(at, field, "%w", err)
			}
		}
		f.keys = append(f.keys, key)
		f.meta[key] = v
	}
	return alignment, nil
}

func parseAlignment(v Value) (int64, error) {
	a, ok := v.scalar.(uint32)
	if !ok {
		return 0, fmt.Errorf("want a u32, have %s", describe(v))
	}
	if bits.OnesCount32(a) != 1 {
		return 0, fmt.Errorf("the alignment %d is no power of 2", a)
	}
	return int64(a), nil
}

// readTensors reads the table and returns where each entry begins.
func (f *File) readTensors(c *cursor, n int64) (at []int64, err error) {
	seen := map[string]bool{}
	for i := range n {
		begin := c.pos
		t, err := c.tensor(i)
		if err != nil {
			return nil, err
		}
		field := fmt.Sprintf("tensor %q", t.Name)
		if err := t.check(); err != nil {
			return nil, c.fail(begin, field, "%w", err)
		}
		if seen[t.Name] {
			return nil, c.fail(begin, field, "the name occurs twice")
		}
		seen[t.Name] = true
		f.Tensors = append(f.Tensors, t)
		at = append(at, begin)
	}
	return at, nil
}

// tensor reads one entry of the table, not yet checked.
func (c *cursor) tensor(i int64) (t Tensor, err error) {
	// The name's own limit is checked with the rest; this only bounds the read.
	if t.Name, err = c.str(maxKey, fmt.Sprintf("name of tensor %d", i)); err != nil {
		return t, err
	}
	field := fmt.Sprintf("tensor %q", t.Name)
	at := c.pos
	dims, err := c.u32(field + " dimensions")
	if err != nil {
		return t, err
	}
	if dims > maxDims {
		return t, c.fail(at, field, "%d dimensions, and ggml has at most %d", dims, maxDims)
	}
	for range dims {
		d, err := c.u64(field + " shape")
		if err != nil {
			return t, err
		}
		t.Shape = append(t.Shape, int64(d))
	}
	typ, err := c.u32(field + " type")
	if err != nil {
		return t, err
	}
	t.Type = Type(typ)
	at = c.pos
	offset, err := c.u64(field + " offset")
	if err == nil && int64(offset) < 0 {
		err = c.fail(at, field+" offset", "%d is 2^63 or more", offset)
	}
	t.Offset = int64(offset)
	return t, err
}

// checkData checks that the data of every tensor are aligned, inside the file,
// and no other tensor's. at holds the offset of each tensor's entry.
func checkData(p tensorfile.Part, ts []Tensor, at []int64, alignment int64) error {
	order := make([]int, len(ts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(ts[a].Offset, ts[b].Offset), cmp.Compare(ts[a].Bytes(), ts[b].Bytes()))
	})
	c := newCursor(p, 0)
	var end int64
	var last string
	for _, i := range order {
		t := ts[i]
		field := fmt.Sprintf("tensor %q", t.Name)
		if t.Offset%alignment != 0 {
			return c.fail(at[i], field, "the offset %d is no multiple of the alignment %d", t.Offset, alignment)
		}
		if t.Offset < end {
			return c.fail(at[i], field, "the data at %d overlap those of %q, which end at %d", t.Offset, last, end)
		}
		if room := p.Size - p.Data; t.Bytes() > room || t.Offset > room-t.Bytes() {
			return c.fail(at[i], field, "%d bytes of data at %d + %d end past the file's %d: it is truncated, get it again", t.Bytes(),
				p.Data, t.Offset, p.Size)
		}
		end, last = t.Offset+t.Bytes(), t.Name
	}
	return nil
}

// pad rounds n up to a multiple of the power of two to.
func pad(n, to int64) int64 { return (n + to - 1) &^ (to - 1) }

// Read reads the header of one file of size bytes. Nothing of r is read but
// the header and, later, the arrays and tensor data that are asked for, so r
// may fetch ranges over a network. The name appears in errors.
func Read(r io.ReaderAt, size int64, name string) (*File, error) {
	f := &File{Name: name, meta: map[string]Value{}}
	part := tensorfile.Part{Name: name, R: r, Size: size}
	c := newCursor(part, 0)
	nTensors, nKeys, err := f.readCounts(c)
	if err != nil {
		return nil, err
	}
	alignment, err := f.readMetadata(c, nKeys)
	if err != nil {
		return nil, err
	}
	at, err := f.readTensors(c, nTensors)
	if err != nil {
		return nil, err
	}
	part.Data = pad(c.pos, alignment)
	if err := checkData(part, f.Tensors, at, alignment); err != nil {
		return nil, err
	}
	f.parts = tensorfile.Parts{part}
	return f, nil
}
