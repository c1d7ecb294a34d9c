package mlx

import "unsafe"

// onHeap makes the compiler believe that what ptr is given outlives the call.
var onHeap struct {
	never  bool
	object any
}

// ptr is the address of an object as an argument. The object is one of the heap:
// a stack moves when it grows, as it may while C calls back into Go.
func ptr[T any](p *T) uintptr {
	if onHeap.never {
		onHeap.object = p
	}
	return uintptr(unsafe.Pointer(p))
}

// goString copies a C string.
func goString(p *byte) string {
	if p == nil {
		return ""
	}
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(p), n)) != 0 {
		n++
	}
	return string(unsafe.Slice(p, n))
}

// cString is s with C's end; the caller keeps it alive.
func cString(s string) []byte { return append([]byte(s), 0) }
