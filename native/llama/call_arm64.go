package llama

import (
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// callWithStruct calls fn(arg, struct). A struct of more than 16 bytes is
// passed as the address of a copy (AAPCS64 6.8.2, rule B.4; the same on Apple
// silicon). words must lie on the heap; it allocates nothing.
func callWithStruct(fn, arg uintptr, words []uint64) uintptr {
	r, _, _ := purego.SyscallN(fn, arg, uintptr(unsafe.Pointer(&words[0])))
	runtime.KeepAlive(words)
	return r
}

// callStructOnly calls fn(struct), with no other argument.
func callStructOnly(fn uintptr, words []uint64) uintptr {
	r, _, _ := purego.SyscallN(fn, uintptr(unsafe.Pointer(&words[0])))
	runtime.KeepAlive(words)
	return r
}
