package mlx

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/ebitengine/purego"

	"assay/native/dylib"
)

// DeviceVariable names the device that is taken, cpu or gpu, where MLX's own choice is
// not what is wanted.
const DeviceVariable = "ASSAY_MLX_DEVICE"

// devices are MLX's, in the order of mlx_device_type (mlx/c/device.h, 0.7.0).
var devices = []string{"cpu", "gpu"}

// NoDeviceError says that the library's GPU cannot be reached by this process.
type NoDeviceError struct{ Path, Message string }

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
	if err := l.chooseDevice(os.Getenv(DeviceVariable)); err != nil {
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
	purego.RegisterFunc(&l.cold.dataUint32, l.addr[fnArrayDataUint32])
	purego.RegisterFunc(&l.cold.addMM, l.addr[fnAddMM])
	purego.RegisterFunc(&l.cold.arange, l.addr[fnArange])
	purego.RegisterFunc(&l.cold.rmsNorm, l.addr[fnRMSNorm])
	purego.RegisterFunc(&l.cold.layerNorm, l.addr[fnLayerNorm])
	purego.RegisterFunc(&l.cold.rope, l.addr[fnRope])
	purego.RegisterFunc(&l.cold.ropeEach, l.addr[fnRopeDynamic])
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

// chooseDevice takes the device that is named, or else MLX's default one, and makes
// the streams.
func (l *Library) chooseDevice(named string) error {
	kind := slices.Index(devices, named)
	if named != "" && kind < 0 {
		return fmt.Errorf("%s=%s is no device of MLX; it has %s", DeviceVariable, named, strings.Join(devices, " and "))
	}
	l.out = l.call(fnDeviceNewType, uintptr(max(0, kind)), 0)
	if named == "" {
		if err := l.check(fnDefaultDevice, l.call(fnDefaultDevice, ptr(&l.out))); err != nil {
			return fmt.Errorf("%s: %w", l.Path, err)
		}
	}
	device := l.out
	defer l.call(fnDeviceFree, device)
	l.size = 0
	if err := l.check(fnDeviceType, l.call(fnDeviceType, ptr(&l.size), device)); err != nil {
		return fmt.Errorf("%s: %w", l.Path, err)
	}
	l.Device = devices[l.size&1]
	l.stream = l.call(fnStreamNewDevice, device)
	l.loader = l.call(fnDefaultCPUStream)
	if l.stream == 0 || l.loader == 0 {
		return noStream(l.Path, l.Device, l.failure(fnStreamNewDevice))
	}
	return nil
}

func (e *NoDeviceError) Error() string {
	return fmt.Sprintf("%s finds no GPU in this session (%s); start assay where somebody is logged in on the Mac's screen, outside of "+
		"sandboxes and virtual machines, or measure on the CPU with --device cpu", e.Path, e.Message)
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
	if said != nil {
		if remedy := withoutKernels(said.Message); remedy != "" {
			return &NoKernelsError{path, said.Message, remedy}
		}
	}
	return fmt.Errorf("%s: making a stream on the %s: %w", path, device, err)
}

// NoKernelsError says that the kernels of Metal, mlx.metallib, cannot be loaded.
type NoKernelsError struct{ Path, Message, Remedy string }

func (e *NoKernelsError) Error() string {
	said, _, _ := strings.Cut(e.Message, "\n")
	return fmt.Sprintf("%s cannot load its kernels (%s); %s", e.Path, said, e.Remedy)
}

// Is reports that the error is dylib.ErrUnusable.
func (e *NoKernelsError) Is(target error) bool { return target == dylib.ErrUnusable }

// withoutKernels is what to do where load_default_library (mlx/backend/metal/device.cpp)
// fails, "" where it says something else.
func withoutKernels(message string) string {
	switch {
	case strings.Contains(message, "language version"):
		return "mlx.metallib was built for a newer macOS: install an MLX that was built for this one"
	case strings.Contains(message, "default metallib"):
		return "put the mlx.metallib of the same release beside libmlx.dylib, or install MLX anew (brew reinstall mlx mlx-c)"
	}
	return ""
}
