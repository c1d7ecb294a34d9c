package llama

import (
	"unsafe"

	"github.com/ebitengine/purego"
)

// maxWords is purego's limit of argument words in one call.
const maxWords = 32

// arguments are the words of one call. purego moves the argument list of every
// call to the heap; a list that lies there already is passed on as it is, so
// that calls in timed loops allocate nothing.
type arguments [maxWords]uintptr

// call calls a C function of integer and pointer arguments. It allocates the
// argument list; timed calls use arguments.
//
//go:uintptrescapes
func call(fn uintptr, args ...uintptr) uintptr {
	r, _, _ := purego.SyscallN(fn, args...)
	return r
}

// call calls a C function with the first n words.
func (a *arguments) call(fn uintptr, n int) uintptr {
	r, _, _ := purego.SyscallN(fn, a[:n]...)
	return r
}

// at makes a pointer of an address in C's memory, which Go's collector neither
// moves nor frees.
func at(addr uintptr) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&addr))
}

// goString copies a C string; "" for a null pointer.
func goString(addr uintptr) string {
	if addr == 0 {
		return ""
	}
	start := at(addr)
	n := 0
	for *(*byte)(unsafe.Add(start, n)) != 0 {
		n++
	}
	return string(unsafe.Slice((*byte)(start), n))
}

// cString answers a copy with the terminating zero, to be kept alive by the caller.
func cString(s string) *byte {
	return unsafe.StringData(s + "\x00")
}
