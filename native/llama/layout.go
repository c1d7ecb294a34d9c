package llama

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"assay/native/dylib"
)

// paramBytes is how much of a parameter struct is read and passed on: more than
// any known release has, and as much as fits purego's 32 words of arguments
// behind six registers. What lies beyond a known layout keeps the library's
// own default.
const paramBytes = 208

// block holds a parameter struct as the library's default function filled it.
type block [paramBytes / 8]uint64

// kind is the width of a field.
type kind int

const (
	u8  kind = 1
	i32 kind = 4
	ptr kind = 8
)

// Defaults of the C structs, as bits.
const (
	minus1      = 0xffff_ffff // -1 in an int32, llama.h's "unspecified" and "auto"
	minus1Float = 0xbf80_0000 // -1.0f
	typeF16     = 1           // GGML_TYPE_F16
)

// field is one member of a parameter struct: its name in llama.h, its byte
// offset on a 64-bit machine, its width and the library's default.
type field struct {
	name   string
	offset int
	kind   kind
	value  uint64
}

// layout is the shape of a parameter struct in some releases.
type layout struct {
	// name is the first release with this layout.
	name string
	// size is the struct's size in the last release with this layout.
	size   int
	fields []field
}

// fits reports whether the defaults are where the layout has them and nothing
// follows the struct's end.
func (l layout) fits(defaults []byte) bool {
	for _, f := range l.fields {
		if readField(defaults, f) != f.value {
			return false
		}
	}
	for _, b := range defaults[l.size:] {
		if b != 0 {
			return false
		}
	}
	return true
}

func readField(raw []byte, f field) uint64 {
	switch f.kind {
	case u8:
		return uint64(raw[f.offset])
	case i32:
		return uint64(binary.NativeEndian.Uint32(raw[f.offset:]))
	}
	return binary.NativeEndian.Uint64(raw[f.offset:])
}

// find answers the member of a name.
func (l layout) find(name string) (field, bool) {
	i := slices.IndexFunc(l.fields, func(f field) bool { return f.name == name })
	if i < 0 {
		return field{}, false
	}
	return l.fields[i], true
}

// set writes a field's bits.
func (b *block) set(f field, value uint64) {
	shift := f.offset % 8 * 8
	mask := ^uint64(0) >> (64 - 8*int(f.kind))
	word := &b[f.offset/8]
	*word = *word&^(mask<<shift) | value&mask<<shift
}

// LayoutError says that a library's parameter structs fit no known release, or
// more than one, so that calling it would run with silently wrong settings.
type LayoutError struct {
	Path, Version string
	// Struct is the C type whose layout was not recognised.
	Struct string
	// Matched names the layouts that fit, none or several.
	Matched []string
	// Known names the releases whose layouts are known.
	Known []string
}

func (e *LayoutError) Error() string {
	found := "no known layout"
	if len(e.Matched) > 0 {
		found = "more than one layout (" + strings.Join(e.Matched, ", ") + ")"
	}
	return fmt.Sprintf("%s (version %s): %s fits %s; install one of %s (assay libs install)",
		e.Path, e.Version, e.Struct, found, strings.Join(e.Known, ", "))
}

// Is reports that the error is dylib.ErrUnusable.
func (e *LayoutError) Is(target error) bool { return target == dylib.ErrUnusable }

// Releases are those whose layouts are known and were run, oldest first.
func Releases() []string {
	return []string{"b6673", "b8121", "b8390", "b10361", "v0.4.0", "v0.5.0", "v0.7.0"}
}

// recognise answers the one layout that fits, or a *LayoutError.
func recognise(known []layout, defaults []byte, refusal LayoutError) (layout, error) {
	var fitting []layout
	for _, l := range known {
		if l.fits(defaults) {
			fitting = append(fitting, l)
			refusal.Matched = append(refusal.Matched, l.name)
		}
	}
	if len(fitting) == 1 {
		return fitting[0], nil
	}
	refusal.Known = Releases()
	return layout{}, &refusal
}

// The layouts of each struct, oldest first.
var (
	contextLayouts = []layout{contextB6673, contextB10361, contextV070}
	modelLayouts   = []layout{modelB6673, modelB8121, modelB10361, modelV040}
)
