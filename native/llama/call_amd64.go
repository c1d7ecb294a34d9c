package llama

import "github.com/ebitengine/purego"

// integerRegisters is the number of argument registers of the System V ABI.
const integerRegisters = 6

// callWithStruct calls fn(arg, struct) or, without arg, fn(struct). A struct of
// more than 16 bytes lies on the stack (System V AMD64 ABI 3.2.3, class
// MEMORY), right where arguments go that no register is left for. It allocates
// nothing.
func callWithStruct(fn, arg uintptr, words []uint64) uintptr {
	var args [maxWords]uintptr
	args[0] = arg
	for i, word := range words {
		args[integerRegisters+i] = uintptr(word)
	}
	r, _, _ := purego.SyscallN(fn, args[:integerRegisters+len(words)]...)
	return r
}

// callStructOnly calls fn(struct), with no other argument.
func callStructOnly(fn uintptr, words []uint64) uintptr {
	return callWithStruct(fn, 0, words)
}
