package mlx

import (
	"errors"
	"sync"

	"github.com/ebitengine/purego"
)

// Compiled is a function of arrays that MLX fuses into one kernel, as
// mx.compile(shapeless=True) does in Python.
type Compiled struct {
	body    func(s *Scope, inputs []Array) Array
	inputs  int
	lib     *Library
	closure uintptr
	err     error // what stopped the last trace
}

// traced lists every compiled function of the process, by the number that the
// library hands back: purego's callbacks can be neither many nor freed.
var traced struct {
	sync.Mutex
	functions []*Compiled
	callback  uintptr
}

// Compile prepares a function with a number of inputs and one result. It is
// traced when it is first called with inputs of a type. Make it once: it lives
// as long as the library.
func (s *Scope) Compile(inputs int, body func(s *Scope, inputs []Array) Array) *Compiled {
	c := &Compiled{body: body, inputs: inputs, lib: s.lib}
	if s.err != nil {
		return c
	}
	traced.Lock()
	if traced.callback == 0 {
		traced.callback = purego.NewCallback(trace)
	}
	number := len(traced.functions)
	traced.functions = append(traced.functions, c)
	traced.Unlock()
	plain := s.lib.call(fnClosureNewPayload, traced.callback, uintptr(number), 0)
	s.lib.out = s.lib.call(fnClosureNew)
	if status := s.lib.call(fnCompile, ptr(&s.lib.out), plain, 1); int32(status) != 0 {
		s.err = s.lib.failure(fnCompile)
	}
	c.closure = s.lib.out
	s.lib.call(fnClosureFree, plain)
	return c
}

// trace is called by MLX, on the library's thread, with tracers for inputs.
func trace(result *uintptr, inputs, number uintptr) uintptr {
	traced.Lock()
	c := traced.functions[number]
	traced.Unlock()
	s := c.lib.scope()
	defer s.Close()
	arrays := make([]Array, c.inputs)
	for i := range arrays {
		slot := s.slot()
		if status := c.lib.call(fnVectorGet, ptr(slot), inputs, uintptr(i)); int32(status) != 0 {
			return 1
		}
		arrays[i] = Array{*slot}
	}
	answer := &[1]uintptr{c.body(s, arrays).handle}
	if c.err = s.err; c.err != nil {
		return 1
	}
	return c.lib.call(fnVectorSetData, ptr(result), ptr(&answer[0]), 1)
}

// Call applies a compiled function.
func (s *Scope) Call(c *Compiled, inputs ...Array) Array {
	if s.err != nil {
		return Array{}
	}
	in := s.vector(inputs)
	out := &[1]uintptr{s.lib.call(fnVectorNew)} // not lib.out: tracing may use it
	status := s.lib.call(fnClosureApply, ptr(&out[0]), c.closure, in)
	s.lib.call(fnVectorFree, in)
	if int32(status) != 0 {
		s.err = errors.Join(s.lib.failure(fnClosureApply), c.err)
		s.lib.call(fnVectorFree, out[0])
		return Array{}
	}
	return s.unpack(out[0], 1)[0]
}
