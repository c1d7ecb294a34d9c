package mlx

import (
	"runtime"

	"github.com/ebitengine/purego"
)

// DType is the type of an array's elements.
type DType int32

// The element types, numbered as in mlx/c/array.h (mlx_dtype).
const (
	Bool     DType = 0
	Uint8    DType = 1
	Uint32   DType = 3
	Int32    DType = 7
	Float16  DType = 9
	Float32  DType = 10
	BFloat16 DType = 12
)

func (l *Library) scope() *Scope { return &Scope{lib: l} }

// Nested answers a Scope that can be closed before this one.
func (s *Scope) Nested() *Scope { return &Scope{lib: s.lib, err: s.err} }

// Err answers the first error since the Scope was made.
func (s *Scope) Err() error { return s.err }

// Fail makes err the Scope's error, unless it has one.
func (s *Scope) Fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// Close frees every array that was made in the Scope, which may then be used
// again. What is still wanted was Set elsewhere; a graph that is not evaluated
// yet keeps what it needs.
func (s *Scope) Close() {
	free := s.lib.addr[fnArrayFree]
	for i := range s.used {
		if handle := s.chunks[i/chunkSize][i%chunkSize]; handle != 0 {
			purego.SyscallN(free, handle)
		}
	}
	s.used = 0
}

// slot answers where C is to write the next handle.
func (s *Scope) slot() *uintptr {
	if s.used == len(s.chunks)*chunkSize {
		s.chunks = append(s.chunks, new([chunkSize]uintptr))
	}
	slot := &s.chunks[s.used/chunkSize][s.used%chunkSize]
	*slot = 0
	s.used++
	return slot
}

// op calls an operation: the result first, the stream last.
func (s *Scope) op(f fn, args ...uintptr) Array {
	if s.err != nil {
		return Array{}
	}
	slot := s.slot()
	all := &s.lib.args
	all[0] = ptr(slot)
	n := 1 + copy(all[1:], args)
	all[n] = s.lib.stream
	if status, _, _ := purego.SyscallN(s.lib.addr[f], all[:n+1]...); int32(status) != 0 {
		s.err = s.lib.failure(f)
		return Array{}
	}
	return Array{*slot}
}

// made finishes an operation that was called through cold.
func (s *Scope) made(f fn, slot *uintptr, status int32) Array {
	if status != 0 {
		s.err = s.lib.failure(f)
		return Array{}
	}
	return Array{*slot}
}

// ints puts numbers where C can read them and answers address and count; each
// call of an operation has three places.
func (s *Scope) ints(place int, numbers []int) (address, count uintptr) {
	for i, n := range numbers {
		s.lib.scratch[place][i] = int32(n)
	}
	return ptr(&s.lib.scratch[place][0]), uintptr(len(numbers))
}

// Set makes dst, a variable that outlives the Scope, hold what src holds; what
// it held before is released. Free it with Free.
func (s *Scope) Set(dst *Array, src Array) {
	if s.err != nil {
		return
	}
	s.lib.out = dst.handle
	status := s.lib.call(fnArraySet, ptr(&s.lib.out), src.handle)
	dst.handle = s.lib.out
	if int32(status) != 0 {
		s.err = s.lib.failure(fnArraySet)
	}
}

// Free releases variables that were Set; they hold nothing afterwards.
func (s *Scope) Free(variables ...*Array) {
	for _, variable := range variables {
		if variable.handle != 0 {
			s.lib.call(fnArrayFree, variable.handle)
			variable.handle = 0
		}
	}
}

// vector makes a vector of arrays, to be freed by the caller.
func (s *Scope) vector(arrays []Array) uintptr {
	handles := make([]uintptr, len(arrays)+1)
	for i, array := range arrays {
		handles[i] = array.handle
	}
	v := s.lib.call(fnVectorNewData, ptr(&handles[0]), uintptr(len(arrays)))
	runtime.KeepAlive(handles)
	return v
}

// unpack takes n arrays out of a vector and frees it.
func (s *Scope) unpack(v uintptr, n int) []Array {
	arrays := make([]Array, n)
	for i := range arrays {
		slot := s.slot()
		if status := s.lib.call(fnVectorGet, ptr(slot), v, uintptr(i)); int32(status) != 0 {
			s.Fail(s.lib.failure(fnVectorGet))
		}
		arrays[i] = Array{*slot}
	}
	s.lib.call(fnVectorFree, v)
	return arrays
}

// Eval computes the arrays and waits for them.
func (s *Scope) Eval(arrays ...Array) { s.eval(fnEval, arrays) }

// AsyncEval starts to compute the arrays and returns.
func (s *Scope) AsyncEval(arrays ...Array) { s.eval(fnAsyncEval, arrays) }

func (s *Scope) eval(f fn, arrays []Array) {
	if s.err != nil {
		return
	}
	v := s.vector(arrays)
	if status := s.lib.call(f, v); int32(status) != 0 {
		s.err = s.lib.failure(f)
	}
	s.lib.call(fnVectorFree, v)
}

// integer passes an int argument.
func integer(n int) uintptr { return uintptr(uint32(int32(n))) }

// boolean passes a bool argument.
func boolean(b bool) uintptr {
	if b {
		return 1
	}
	return 0
}
