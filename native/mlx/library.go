package mlx

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"

	"assay/native/dylib"
)

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

// cold are the functions that SyscallN cannot serve: those with floating-point
// arguments, and those that answer memory of the library's.
type cold struct {
	dataFloat32 func(array uintptr) *float32
	addMM       func(out *uintptr, c, a, b uintptr, alpha, beta float32, stream uintptr) int32
	arange      func(out *uintptr, start, stop, step float64, dtype int32, stream uintptr) int32
	rmsNorm     func(out *uintptr, x, weight uintptr, eps float32, stream uintptr) int32
	layerNorm   func(out *uintptr, x, weight, bias uintptr, eps float32, stream uintptr) int32
	rope        func(out *uintptr, x uintptr, dims int32, traditional bool, base uint64, scale float32, offset int32, freqs, stream uintptr) int32
	attention   func(out *uintptr, q, k, v uintptr, scale float32, mode *byte, mask, sinks, force, stream uintptr) int32
}

// Open opens libmlxc, looks every function up and recognises the release. The
// error is a *dylib.OpenError, a *dylib.MissingError that lists all missing
// functions, or an *UnknownReleaseError; all are dylib.ErrUnusable.
func Open(path string) (*Library, error) {
	if err := dylib.Verify(filepath.Dir(path)); err != nil {
		return nil, err
	}
	// libmlx exports a GGUF reader whose gguf_get_key and others have the names
	// of ggml's: made visible, they crash llama.cpp in the same process.
	opened, err := dylib.OpenPrivate(path)
	if err != nil {
		return nil, err
	}
	l := &Library{Path: path, work: make(chan func()), closures: map[*Function]*closure{}}
	started := make(chan error)
	go l.run(opened, started)
	if err := <-started; err != nil {
		return nil, err
	}
	return l, nil
}

// run is the library's thread: it sets the library up and then does the work.
func (l *Library) run(opened *dylib.Library, started chan<- error) {
	runtime.LockOSThread()
	if err := l.bind(opened); err != nil {
		started <- err
		return
	}
	if err := l.chooseDevice(); err != nil {
		started <- err
		return
	}
	started <- nil
	for work := range l.work {
		work()
	}
}

// bind fills the address table and recognises the release.
func (l *Library) bind(opened *dylib.Library) error {
	l.Version = mlxVersion(opened)
	var names []string
	for f := range fnCount {
		if f.everywhere() {
			names = append(names, f.symbol())
		}
	}
	_, err := opened.Symbols(names...)
	var missing *dylib.MissingError
	if errors.As(err, &missing) && l.Version != "" {
		missing.Version = "for MLX " + l.Version
	}
	if err != nil {
		return fmt.Errorf("%w; %s", err, Spec().Remedy)
	}
	l.Release, err = recognise(l.Path, l.Version, func(symbol string) bool {
		_, ok := opened.Symbol(symbol)
		return ok
	})
	if l.Release, err = checkedByHeader(l.Path, l.Release, err); err != nil {
		return err
	}
	for f := range fnCount {
		if l.Release.signature(f) != "" {
			l.addr[f], _ = opened.Symbol(l.Release.symbol(f))
		}
	}
	l.streams = streamsOf(opened)
	l.BLAS = blasOf(opened)
	l.registerCold()
	handler := purego.NewCallback(func(message *byte, _ uintptr) { l.message = goString(message) })
	l.call(fnSetErrorHandler, handler, 0, 0)
	return nil
}

// mlxVersion asks a library for MLX's version, "" when it cannot say. It needs
// few functions, so that an unusable library can be named.
func mlxVersion(opened *dylib.Library) string {
	addrs, err := opened.Symbols(fnStringNew.symbol(), fnVersion.symbol(), fnStringData.symbol(), fnStringFree.symbol())
	if err != nil {
		return ""
	}
	var data func(str uintptr) string
	purego.RegisterFunc(&data, addrs[2])
	text := new([1]uintptr)
	text[0], _, _ = purego.SyscallN(addrs[0])
	status, _, _ := purego.SyscallN(addrs[1], ptr(&text[0]))
	defer purego.SyscallN(addrs[3], text[0])
	if int32(status) != 0 {
		return ""
	}
	return data(text[0])
}

func (l *Library) registerCold() {
	purego.RegisterFunc(&l.cold.dataFloat32, l.addr[fnArrayDataFloat32])
	purego.RegisterFunc(&l.cold.addMM, l.addr[fnAddMM])
	purego.RegisterFunc(&l.cold.arange, l.addr[fnArange])
	purego.RegisterFunc(&l.cold.rmsNorm, l.addr[fnRMSNorm])
	purego.RegisterFunc(&l.cold.layerNorm, l.addr[fnLayerNorm])
	purego.RegisterFunc(&l.cold.rope, l.addr[fnRope])
	if l.Release.signature(fnAttention) == unforced {
		l.cold.attention = unforcedAttention(l.addr[fnAttention])
		return
	}
	purego.RegisterFunc(&l.cold.attention, l.addr[fnAttention])
}

// unforcedAttention leaves out the argument that attention had not yet.
func unforcedAttention(addr uintptr) func(*uintptr, uintptr, uintptr, uintptr, float32, *byte, uintptr, uintptr, uintptr, uintptr) int32 {
	var older func(out *uintptr, q, k, v uintptr, scale float32, mode *byte, mask, sinks, stream uintptr) int32
	purego.RegisterFunc(&older, addr)
	return func(out *uintptr, q, k, v uintptr, scale float32, mode *byte, mask, sinks, _, stream uintptr) int32 {
		return older(out, q, k, v, scale, mode, mask, sinks, stream)
	}
}

// chooseDevice takes MLX's default device and makes the streams.
func (l *Library) chooseDevice() error {
	l.out = l.call(fnDeviceNewType, 0, 0)
	if err := l.check(fnDefaultDevice, l.call(fnDefaultDevice, ptr(&l.out))); err != nil {
		return fmt.Errorf("%s: %w", l.Path, err)
	}
	device := l.out
	defer l.call(fnDeviceFree, device)
	l.size = 0
	if err := l.check(fnDeviceType, l.call(fnDeviceType, ptr(&l.size), device)); err != nil {
		return fmt.Errorf("%s: %w", l.Path, err)
	}
	l.Device = [...]string{"cpu", "gpu"}[l.size&1]
	l.stream = l.call(fnStreamNewDevice, device)
	l.loader = l.call(fnDefaultCPUStream)
	if l.stream == 0 || l.loader == 0 {
		return noStream(l.Path, l.Device, l.failure(fnStreamNewDevice))
	}
	return nil
}

// NoDeviceError says that the library's GPU cannot be reached by this process.
type NoDeviceError struct{ Path, Message string }

func (e *NoDeviceError) Error() string {
	return fmt.Sprintf("%s finds no GPU in this session (%s); start assay where somebody is logged in on the Mac's screen, outside of sandboxes and virtual machines", e.Path, e.Message)
}

// Is reports that the error is dylib.ErrUnusable.
func (e *NoDeviceError) Is(target error) bool { return target == dylib.ErrUnusable }

// noStream is why no stream could be made: there is no device (load_device,
// mlx/backend/metal/device.cpp, from v0.31.2 on), or something else.
func noStream(path, device string, err error) error {
	var said *Error
	if errors.As(err, &said) && strings.Contains(said.Message, "No Metal device available") {
		return &NoDeviceError{path, strings.TrimSuffix(said.Message, ".")}
	}
	return fmt.Errorf("%s: making a stream on the %s: %w", path, device, err)
}

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

// ptr is the address of an object as an argument. The object is one of the heap:
// a stack moves when it grows, as it may while C calls back into Go.
func ptr[T any](p *T) uintptr {
	if onHeap.never {
		onHeap.object = p
	}
	return uintptr(unsafe.Pointer(p))
}

// onHeap makes the compiler believe that what ptr is given outlives the call.
var onHeap struct {
	never  bool
	object any
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
