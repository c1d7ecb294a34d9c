package llama

import (
	"encoding/binary"
	"slices"
)

// paramBytes is how much of a parameter struct is read and passed on: more than
// any known release has, and as much as fits purego's 32 words of arguments
// behind six registers. What lies beyond a known layout keeps the library's
// own default.
const paramBytes = 208

// block holds a parameter struct as the library's default function filled it.
type block [paramBytes / 8]uint64

// kind is the width of a field, which is its alignment, too.
type kind int

const (
	u8  kind = 1
	i32 kind = 4
	ptr kind = 8
)

// Defaults of the C structs, as bits.
const (
	minus1  = 0xffff_ffff // -1 in an int32, llama.h's "unspecified" and "auto"
	typeF16 = 1           // GGML_TYPE_F16
)

// member is one member of a struct, as a header declares it: its name and width.
type member struct {
	name string
	kind kind
}

// field is a member at its place: a byte offset on a 64-bit machine.
type field struct {
	name   string
	offset int
	kind   kind
}

// layout is the shape of a parameter struct in some releases.
type layout struct {
	// name is the first release with this layout that was seen.
	name   string
	size   int
	fields []field
}

// laidOut places members as C does: each at the next multiple of its width, the
// whole a multiple of the widest.
func laidOut(name string, members []member) layout {
	l := layout{name: name}
	widest := kind(1)
	for _, m := range members {
		at := padded(l.size, m.kind)
		l.fields = append(l.fields, field{m.name, at, m.kind})
		l.size = at + int(m.kind)
		widest = max(widest, m.kind)
	}
	l.size = padded(l.size, widest)
	return l
}

func padded(n int, to kind) int { return (n + int(to) - 1) / int(to) * int(to) }

// members are the layout's, without their places.
func (l layout) members() []member {
	var members []member
	for _, f := range l.fields {
		members = append(members, member{f.name, f.kind})
	}
	return members
}

// last is the byte behind the last member.
func (l layout) last() int {
	f := l.fields[len(l.fields)-1]
	return f.offset + int(f.kind)
}

// occupied says of each of the struct's bytes whether a member lies there.
func (l layout) occupied() []bool {
	bytes := make([]bool, l.size)
	for _, f := range l.fields {
		for i := range int(f.kind) {
			bytes[f.offset+i] = true
		}
	}
	return bytes
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

// get reads a field's bits.
func (b *block) get(f field) uint64 {
	return b[f.offset/8] >> (f.offset % 8 * 8) & (^uint64(0) >> (64 - 8*int(f.kind)))
}

// change is what a release did to a struct's members.
type change struct {
	// since is the first release with it that was seen.
	since string
	// gone are members that it no longer has.
	gone []string
	// put are new members, each behind the one that is named, "" for the end.
	put []placed
}

type placed struct {
	member
	after string
}

// history answers the layouts that a struct went through, oldest first.
func history(first string, members []member, changes []change) []layout {
	all := []layout{laidOut(first, members)}
	for _, c := range changes {
		members = slices.DeleteFunc(slices.Clone(members), func(m member) bool { return slices.Contains(c.gone, m.name) })
		for _, p := range c.put {
			at := len(members)
			if i := slices.IndexFunc(members, func(m member) bool { return m.name == p.after }); i >= 0 {
				at = i + 1
			}
			members = slices.Insert(members, at, p.member)
		}
		all = append(all, laidOut(c.since, members))
	}
	return all
}
