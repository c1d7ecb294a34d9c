package llama

import (
	"runtime"
	"unsafe"
)

// callWithStruct calls fn(arg, struct). A struct of more than 16 bytes is
// passed as the address of a copy, which the callee may change (AAPCS64 6.8.2,
// rule B.4; the same on Apple silicon). The copy lies behind the arguments:
// they are on the heap, where a callback that grows Go's stack moves nothing.
func (a *arguments) callWithStruct(fn, arg uintptr, words []uint64) uintptr {
	a[0], a[1] = arg, a.hold(words)
	r := a.call(fn, 2)
	runtime.KeepAlive(a)
	return r
}

// callStructOnly calls fn(struct).
func (a *arguments) callStructOnly(fn uintptr, words []uint64) uintptr {
	a[0] = a.hold(words)
	r := a.call(fn, 1)
	runtime.KeepAlive(a)
	return r
}

// hold copies the struct and answers the copy's address.
func (a *arguments) hold(words []uint64) uintptr {
	for i, word := range words {
		a[2+i] = uintptr(word)
	}
	return uintptr(unsafe.Pointer(&a[2]))
}
