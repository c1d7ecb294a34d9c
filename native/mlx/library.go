package mlx

import (
	"fmt"
	"strings"

	"github.com/ebitengine/purego"
)

// cold are the functions that SyscallN cannot serve: those with floating-point
// arguments, and those that answer memory of the library's.
type cold struct {
	dataFloat32 func(array uintptr) *float32
	dataUint32  func(array uintptr) *uint32
	addMM       func(out *uintptr, c, a, b uintptr, alpha, beta float32, stream uintptr) int32
	arange      func(out *uintptr, start, stop, step float64, dtype int32, stream uintptr) int32
	rmsNorm     func(out *uintptr, x, weight uintptr, eps float32, stream uintptr) int32
	layerNorm   func(out *uintptr, x, weight, bias uintptr, eps float32, stream uintptr) int32
	rope        func(out *uintptr, x uintptr, dims int32, traditional bool, base uint64, scale float32, offset int32,
		freqs, stream uintptr) int32
	ropeEach  func(out *uintptr, x uintptr, dims int32, traditional bool, base uint64, scale float32, offsets, freqs, stream uintptr) int32
	attention func(out *uintptr, q, k, v uintptr, scale float32, mode *byte, mask, sinks, force, stream uintptr) int32
}

const chunkSize = 256

// Function is a function of arrays that MLX fuses into one kernel, as
// mx.compile(shapeless=True) does in Python. It is traced once for each
// combination of input types.
type Function struct {
	Inputs int
	// Shaped says that it is traced for each combination of shapes, too
	// (mx.compile without shapeless).
	Shaped bool
	// Body returns the one output; Parts, where it is set in its place, all of
	// Outputs.
	Body    func(s *Scope, inputs []Array) Array
	Outputs int
	Parts   func(s *Scope, inputs []Array) []Array
}

// closure is a Function as a library holds it, for as long as the process runs.
type closure struct {
	function *Function
	lib      *Library
	compiled uintptr
	err      error // what stopped the last trace
}

// streams are the C library's functions for a file in memory.
type streams struct{ open, close, free uintptr }

// Array is a handle of an array; the zero Array stands for "none" where an
// operation takes an optional one. It belongs to the Scope that made it.
type Array struct{ handle uintptr }

// Scope makes arrays and frees them together. It must only be used on the
// library's thread, inside Do. The first error sticks: see Err.
type Scope struct {
	lib    *Library
	chunks []*[chunkSize]uintptr // the handles made, in chunks that never move: C writes into them
	used   int
	err    error
}

// Library is an opened libmlxc of a known release. It stays open until the
// process ends. All its work happens on one operating-system thread (see Do),
// so its methods may be called from any goroutine, but not from inside Do.
type Library struct {
	// Path is the library's file, Release the interface that it was recognised
	// by and Version what mlx_version answers: MLX's version.
	Path    string
	Release Release
	Version string
	// Device is what operations run on: "gpu" (Metal) or "cpu".
	Device string
	// BLAS is what multiplies matrices on the CPU, "" when it cannot be told.
	BLAS string

	addr    [fnCount]uintptr
	cold    cold
	stream  uintptr // of every operation
	loader  uintptr // of safetensors: the CPU's, as there is no other loader
	streams streams
	work    chan func()
	// message is what the error handler was last told, taken by failure.
	message  string
	out      uintptr
	size     uint64
	scratch  [3][maxDims]int32
	args     [16]uintptr
	closures map[*Function]*closure
}

// maxDims bounds the shapes that operations are given; attention needs 5.
const maxDims = 8

// Do runs fn on the library's thread with a Scope that is closed afterwards,
// and answers fn's error, or the Scope's when fn returned nil.
func (l *Library) Do(fn func(s *Scope) error) error {
	done := make(chan error)
	l.work <- func() {
		s := l.scope()
		err := fn(s)
		if err == nil {
			err = s.err
		}
		s.Close()
		done <- err
	}
	return <-done
}

// Error is what MLX said when it refused an operation.
type Error struct {
	// Function is mlx-c's, Message MLX's own words.
	Function, Message string
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Function, e.Message) }

// failure turns what the error handler was told into an error.
func (l *Library) failure(f fn) error {
	message := l.message
	l.message = ""
	if message == "" {
		message = "failed without a message"
	}
	if at := strings.LastIndex(message, " at "); at > 0 {
		message = message[:at] // the place in mlx-c's own sources
	}
	return &Error{Function: f.symbol(), Message: message}
}

// check turns a status into an error.
func (l *Library) check(f fn, status uintptr) error {
	if int32(status) == 0 {
		return nil
	}
	return l.failure(f)
}

// call calls a function that takes and answers integers and pointers only.
// A pointer into Go memory must be to a heap object that outlives the call.
func (l *Library) call(f fn, args ...uintptr) uintptr {
	result, _, _ := purego.SyscallN(l.addr[f], args...)
	return result
}

// Valid reports whether there is an array behind the handle.
func (a Array) Valid() bool { return a.handle != 0 }
