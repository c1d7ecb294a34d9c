package llama

import (
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"assay/native/dylib"
)

// scratch is what a default-params function fills: more than any release does.
type scratch [512]byte

// fills are what the bytes are before the function is called: one that differs
// between the calls was not written.
var fills = [...]byte{0x55, 0xaa}

// evidence is what a library's own function tells of a struct that it returns:
// its default values, and which bytes belong to members. Compilers write the
// members and leave the padding between them and all behind the end alone, or
// copy the struct whole, padding included; then only the end shows.
type evidence struct {
	values  scratch
	written []bool
}

// witness calls llama_model_default_params or llama_context_default_params. A
// struct of more than 16 bytes is written where the caller says, so it can be
// called into any memory.
func witness(fn uintptr) evidence {
	var calls [len(fills)]*scratch
	for i, fill := range fills {
		calls[i] = new(scratch)
		for j := range calls[i] {
			calls[i][j] = fill
		}
		callReturningStruct(fn, unsafe.Pointer(calls[i]))
	}
	e := evidence{written: make([]bool, len(scratch{}))}
	for j := range e.written {
		if calls[0][j] == calls[1][j] {
			e.written[j], e.values[j] = true, calls[0][j]
		}
	}
	return e
}

// block is the start of the values, to be changed and passed back.
func (e evidence) block() (b block) {
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&b)), paramBytes), e.values[:])
	return b
}

// end is the byte behind the last that was written.
func (e evidence) end() int {
	for n := len(e.written); n > 0; n-- {
		if e.written[n-1] {
			return n
		}
	}
	return 0
}

// exactly says that what was written is the layout's members and nothing else,
// and that no two of them have changed places.
func (e evidence) exactly(l layout) bool {
	if l.size > len(e.written) {
		return false
	}
	occupied := append(l.occupied(), make([]bool, len(e.written)-l.size)...)
	return slices.Equal(occupied, e.written) && !e.permuted(l)
}

// whole says that the struct was written whole, its padding too. Layouts of one
// size are then told apart by what never changed, see steady.
func (e evidence) whole(l layout) bool {
	return e.end() == l.size && !slices.Contains(e.written[:l.size], false) && e.steady(l)
}

// constants are defaults that are the same in every release that was seen, by
// member; pointers are null and switches 0 or 1 besides.
var constants = map[string]uint64{
	"n_ctx": 512, "n_batch": 2048, "n_ubatch": 512, "n_seq_max": 1, "n_threads": 4, "n_threads_batch": 4,
	"rope_scaling_type": minus1, "pooling_type": minus1, "attention_type": minus1, "flash_attn_type": minus1,
	"type_k": typeF16, "type_v": typeF16,
	"embeddings": 0, "offload_kqv": 1, "no_perf": 1, "op_offload": 1, "swa_full": 1, "kv_unified": 0,
	"split_mode": 1, "vocab_only": 0, "use_mlock": 0, "check_tensors": 0, "use_extra_bufts": 1, "no_host": 0, "no_alloc": 0,
}

// permuted says that the defaults which never changed are all there, but some in
// another's place: members of one width that were moved leave no other trace. A
// default that changed is a value that was not there, or one of those fewer.
func (e evidence) permuted(l layout) bool {
	moved := false
	for _, width := range []kind{u8, i32} {
		var found, known []uint64
		for _, f := range l.fields {
			if want, ok := constants[f.name]; ok && f.kind == width {
				found, known = append(found, readField(e.values[:], f)), append(known, want)
			}
		}
		inPlace := slices.Equal(found, known)
		slices.Sort(found)
		slices.Sort(known)
		moved = moved || !inPlace && slices.Equal(found, known)
	}
	return moved
}

// steady says that the defaults which never changed are where the layout has
// them.
func (e evidence) steady(l layout) bool {
	for _, f := range l.fields {
		value := readField(e.values[:], f)
		want, known := constants[f.name]
		if known && value != want || f.kind == ptr && value != 0 || f.kind == u8 && value > 1 {
			return false
		}
	}
	return true
}

// recognise answers the one layout that the evidence is of, or a *LayoutError.
func (e evidence) recognise(known []layout, refusal LayoutError) (layout, error) {
	for _, is := range []func(layout) bool{e.exactly, e.whole} {
		fitting := slices.DeleteFunc(slices.Clone(known), func(l layout) bool { return !is(l) })
		for _, l := range fitting {
			refusal.Matched = append(refusal.Matched, l.name)
		}
		if len(fitting) == 1 || len(fitting) > 1 && extended(fitting) {
			return fitting[0], nil
		}
	}
	refusal.Known, refusal.Written = Releases(), e.described()
	if len(refusal.Matched) == 0 && slices.ContainsFunc(known, func(l layout) bool { return l.last() == e.end() && e.permuted(l) }) {
		refusal.Written += ", and its defaults stand in another order"
	}
	return layout{}, &refusal
}

// extended says that each layout is the first with members added at its end: what
// the first has lies in all of them where it is looked for.
func extended(all []layout) bool {
	first := all[0].fields
	return !slices.ContainsFunc(all[1:], func(l layout) bool {
		return len(l.fields) <= len(first) || !slices.Equal(l.fields[:len(first)], first)
	})
}

// described is the evidence in words: where the struct ends and what is not
// written before.
func (e evidence) described() string {
	var holes []string
	for i := 0; i < e.end(); i++ {
		from := i
		for !e.written[i] {
			i++
		}
		if i > from {
			holes = append(holes, fmt.Sprintf("%d to %d", from, i-1))
		}
	}
	text := fmt.Sprintf("it writes %d bytes", e.end())
	if len(holes) > 0 {
		text += " without " + strings.Join(holes, ", ")
	}
	return text
}

// LayoutError says that a library's parameter structs fit no known release, or
// more than one, so that calling it would run with silently wrong settings.
type LayoutError struct {
	Path, Version string
	// Struct is the C type whose layout was not recognised.
	Struct string
	// Written says which bytes the library's own function filled in.
	Written string
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
	return fmt.Sprintf("%s (version %s): %s fits %s (%s); install one of %s (assay libs install)",
		e.Path, e.Version, e.Struct, found, e.Written, strings.Join(e.Known, ", "))
}

// Is reports that the error is dylib.ErrUnusable.
func (e *LayoutError) Is(target error) bool { return target == dylib.ErrUnusable }
