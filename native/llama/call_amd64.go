package llama

import "unsafe"

// integerRegisters is the number of argument registers of the System V ABI.
const integerRegisters = 6

// callWithStruct calls fn(arg, struct); for fn(struct) arg is 0, since a
// register that is not looked at does no harm. A struct of more than 16 bytes
// lies on the stack (System V AMD64 ABI 3.2.3, class MEMORY), right where
// arguments go that no register is left for.
func (a *arguments) callWithStruct(fn, arg uintptr, words []uint64) uintptr {
	a[0] = arg
	for i, word := range words {
		a[integerRegisters+i] = uintptr(word)
	}
	return a.call(fn, integerRegisters+len(words))
}

// callStructOnly calls fn(struct).
func (a *arguments) callStructOnly(fn uintptr, words []uint64) uintptr {
	return a.callWithStruct(fn, 0, words)
}

// callReturningStruct calls fn(), which returns a struct of more than 16 bytes in
// memory: its address is passed before the first argument (System V AMD64 ABI
// 3.2.3). What it points to has to be on the heap.
func callReturningStruct(fn uintptr, to unsafe.Pointer) { call(fn, uintptr(to)) }
