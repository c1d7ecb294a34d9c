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

// indirectResult is the address of a function of our own that calls fn with the
// result's address where it belongs: indirectResult(address, fn).
var indirectResult uintptr

// callReturningStruct calls fn(), which returns a struct of more than 16 bytes in
// memory: its address is passed in a register of its own (AAPCS64 6.9). What it
// points to has to be on the heap.
func callReturningStruct(fn uintptr, to unsafe.Pointer) { call(indirectResult, uintptr(to), fn) }
