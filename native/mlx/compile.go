package mlx

import (
	"errors"
	"runtime"
	"sync"

	"github.com/ebitengine/purego"
)

// outputs traces the function.
func (f *Function) outputs(s *Scope, inputs []Array) []Array {
	if f.Parts != nil {
		return f.Parts(s, inputs)
	}
	return []Array{f.Body(s, inputs)}
}

// traced lists the closures of the process by the number that MLX hands back:
// purego's callbacks can be neither many nor freed.
var traced struct {
	sync.Mutex
	closures []*closure
	callback uintptr
}

// Call applies a function, and compiles it when the library meets it first.
func (s *Scope) Call(f *Function, inputs ...Array) Array { return s.CallParts(f, inputs...)[0] }

// CallParts is Call of a function with several outputs.
func (s *Scope) CallParts(f *Function, inputs ...Array) []Array {
	none := make([]Array, max(1, f.Outputs))
	if s.err != nil {
		return none
	}
	c := s.lib.closures[f]
	if c == nil {
		if c = s.compile(f); s.err != nil {
			return none
		}
	}
	in := s.vector(inputs)
	out := &[1]uintptr{s.lib.call(fnVectorNew)} // not lib.out: tracing may use it
	status := s.lib.call(fnClosureApply, ptr(&out[0]), c.compiled, in)
	s.lib.call(fnVectorFree, in)
	if int32(status) != 0 {
		s.err = errors.Join(s.lib.failure(fnClosureApply), c.err)
		s.lib.call(fnVectorFree, out[0])
		return none
	}
	return s.unpack(out[0], len(none))
}

func (s *Scope) compile(f *Function) *closure {
	c := &closure{function: f, lib: s.lib}
	traced.Lock()
	if traced.callback == 0 {
		traced.callback = purego.NewCallback(trace)
	}
	number := len(traced.closures)
	traced.closures = append(traced.closures, c)
	traced.Unlock()
	plain := s.lib.call(fnClosureNewPayload, traced.callback, uintptr(number), 0)
	s.lib.out = s.lib.call(fnClosureNew)
	if status := s.lib.call(fnCompile, ptr(&s.lib.out), plain, boolean(!f.Shaped)); int32(status) != 0 {
		s.err = s.lib.failure(fnCompile)
	}
	c.compiled = s.lib.out
	s.lib.call(fnClosureFree, plain)
	if s.err == nil {
		s.lib.closures[f] = c
	}
	return c
}

// trace is called by MLX, on the library's thread, with tracers for inputs.
func trace(result *uintptr, inputs, number uintptr) uintptr {
	traced.Lock()
	c := traced.closures[number]
	traced.Unlock()
	s := c.lib.scope()
	defer s.Close()
	arrays := make([]Array, c.function.Inputs)
	for i := range arrays {
		slot := s.slot()
		if status := c.lib.call(fnVectorGet, ptr(slot), inputs, uintptr(i)); int32(status) != 0 {
			return 1
		}
		arrays[i] = Array{*slot}
	}
	var handles []uintptr
	for _, output := range c.function.outputs(s, arrays) {
		handles = append(handles, output.handle)
	}
	if c.err = s.err; c.err != nil {
		return 1
	}
	defer runtime.KeepAlive(handles)
	return c.lib.call(fnVectorSetData, ptr(result), ptr(&handles[0]), uintptr(len(handles)))
}
