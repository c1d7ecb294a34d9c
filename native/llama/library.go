package llama

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"assay/native/dylib"
	"assay/native/llama/printed"
)

// Pinned is the release that assay installs where none is found.
const Pinned = "v0.5.0"

// Spec says where libllama is searched for.
func Spec() dylib.Spec {
	return dylib.Spec{
		Product:  "llama.cpp",
		Stem:     "llama",
		Env:      "ASSAY_LLAMA_LIB",
		Version:  Pinned,
		Formulae: []string{"llama.cpp", "ggml"},
		Remedy:   "run assay libs install",
	}
}

// Library is llama.cpp, opened and checked. It serves one goroutine at a time:
// the log does not tell two callers apart. Only Log may be read from others.
type Library struct {
	path    string
	version string
	fn      functions
	pools   threadpools
	log     *printed.Log
	devices []Device
	kernels printed.Kernels
	unused  string

	contextLayout, modelLayout     layout
	contextDefaults, modelDefaults block
	// opNames caches ggml_op_name, whose numbers move between releases.
	opNames map[int32]string
	// flagsComputed is true where a graph holds nodes that are not computed and
	// marks the others (GGML_TENSOR_FLAG_COMPUTE).
	flagsComputed bool
}

// opened is the process's one library: a second copy would share the first
// one's symbols, and backends cannot be unloaded.
var opened struct {
	sync.Mutex
	lib *Library
}

// Find answers the path of libllama on this machine; the error is a
// *dylib.NotFoundError.
func Find() (string, error) { return dylib.Here().Find(Spec()) }

// Open loads libllama and the ggml libraries beside it, checks them against what was
// installed, symbols and struct layouts, and loads the backends. Every error is dylib.ErrUnusable.
// Opening the same path again answers the same library.
func Open(path string) (*Library, error) {
	opened.Lock()
	defer opened.Unlock()
	if lib := opened.lib; lib != nil {
		if lib.path != path {
			return nil, &SecondLibraryError{Open: lib.path, Wanted: path}
		}
		return lib, nil
	}
	lib, err := open(path)
	if err != nil {
		return nil, err
	}
	opened.lib = lib
	return lib, nil
}

// SecondLibraryError says that this process already holds another llama.cpp.
type SecondLibraryError struct{ Open, Wanted string }

func (e *SecondLibraryError) Error() string {
	return fmt.Sprintf("opening %s: this process already runs %s, and can hold only one llama.cpp", e.Wanted, e.Open)
}

// Is reports that the error is dylib.ErrUnusable.
func (e *SecondLibraryError) Is(target error) bool { return target == dylib.ErrUnusable }

func open(path string) (*Library, error) {
	if err := dylib.Verify(filepath.Dir(path)); err != nil {
		return nil, err
	}
	handle, err := openInOrder(path)
	if err != nil {
		return nil, err
	}
	lib := &Library{path: path, log: printed.New(), opNames: map[int32]string{}}
	lib.version = lib.readVersion(handle)
	if err := lib.fn.bind(handle); err != nil {
		return nil, err
	}
	if err := lib.matchLayouts(); err != nil {
		return nil, err
	}
	// The function that leaves nodes out came with the flag (ggml.h, b8121).
	_, lib.flagsComputed = handle.Symbol("ggml_build_forward_select")
	call(lib.fn.logSet, logCallback(), 0)
	logSink.Store(lib.log)
	call(lib.fn.backendInit)
	if err := lib.checkTensorLayout(); err != nil {
		return nil, err
	}
	mark := lib.log.Mark()
	if err := lib.loadBackends(); err != nil {
		return nil, err
	}
	lib.findThreadpools(handle)
	lines := lib.log.Since(mark)
	lib.kernels, lib.unused = printed.ParseKernels(lines), printed.ParseUnused(lines)
	return lib, nil
}

// openInOrder opens ggml-base and ggml, where they lie beside it, and then
// libllama, so that its links resolve whatever its search path says.
func openInOrder(path string) (*dylib.Library, error) {
	folder := filepath.Dir(path)
	for _, stem := range []string{"ggml-base", "ggml"} {
		if sibling := dylib.Here().Match(folder, stem); sibling != "" {
			if _, err := dylib.Open(sibling); err != nil {
				return nil, err
			}
		}
	}
	return dylib.Open(path)
}

// readVersion answers the release: the tag in the file's name (v0.5.0, b6673) or
// in its folder's, where assay's cache has it, else what llama_version says (from
// v0.1 on, "0.7.0-dev" for what comes before it), else the name's number.
func (l *Library) readVersion(handle *dylib.Library) string {
	target, err := filepath.EvalSymlinks(l.path)
	if err != nil {
		target = l.path
	}
	named := dylib.FileVersion(target)
	for _, name := range []string{named, filepath.Base(filepath.Dir(l.path))} {
		if tag.MatchString(name) {
			return name
		}
	}
	if addr, ok := handle.Symbol("llama_version"); ok {
		if said := goString(call(addr)); said != "" {
			return "v" + said
		}
	}
	if build, ok := strings.CutPrefix(named, "0.0."); ok && len(build) > 3 {
		return "b" + build // libllama.0.0.8390.dylib, before there were versions
	}
	return "unknown"
}

// tag is a release's name in llama.cpp's history: a build, or a version.
var tag = regexp.MustCompile(`^(?:b[0-9]{3,}|v[0-9]+\.[0-9]+\.[0-9]+)$`)

// matchLayouts recognises the parameter structs by what the library writes when
// it is asked for their defaults: by the header that lies beside it, else among
// the known layouts.
func (l *Library) matchLayouts() error {
	header, found, err := readHeader(l.path)
	if err == nil && found {
		err = header.constants()
	}
	if err != nil {
		return &HeaderError{Path: l.path, Header: header.path, Why: err.Error()}
	}
	for _, s := range []struct {
		name     string
		fn       uintptr
		known    []layout
		layout   *layout
		defaults *block
	}{
		{"llama_model_params", l.fn.modelDefaults, modelLayouts, &l.modelLayout, &l.modelDefaults},
		{"llama_context_params", l.fn.contextDefaults, contextLayouts, &l.contextLayout, &l.contextDefaults},
	} {
		e := witness(s.fn)
		*s.defaults = e.block()
		if !found {
			*s.layout, err = e.recognise(s.known, LayoutError{Path: l.path, Version: l.version, Struct: s.name})
			if err != nil {
				return err
			}
			continue
		}
		if *s.layout, err = header.layout(s.name, s.known); err == nil {
			err = e.confirms(*s.layout, s.name)
		}
		if err != nil {
			return &HeaderError{Path: l.path, Header: header.path, Why: err.Error()}
		}
	}
	return nil
}

// Path is the file that was opened.
func (l *Library) Path() string { return l.path }

// Version is the release, as the file's name or the library itself gives it.
func (l *Library) Version() string { return l.version }

// Layout names the struct layouts that were recognised.
func (l *Library) Layout() string {
	return "model " + l.modelLayout.name + ", context " + l.contextLayout.name
}

// SHA256 is the digest of the library's file.
func (l *Library) SHA256() (string, error) { return dylib.SHA256(l.path) }

// CPUVariant is the build of the CPU's backend that ggml took for this processor
// ("zen4", "apple_m4"): the end of its file's name (ggml_backend_load_best,
// ggml/src/ggml-backend-reg.cpp, v0.5.0). It is empty where there is only one build.
func (l *Library) CPUVariant() string { return cpuVariant(dylib.Images()) }

func cpuVariant(images []string) string {
	for _, path := range images {
		if name, ok := strings.CutPrefix(filepath.Base(path), "libggml-cpu-"); ok {
			return strings.TrimSuffix(strings.TrimSuffix(name, ".so"), ".dylib")
		}
	}
	return ""
}

// Devices lists what the backends offer, in the library's order.
func (l *Library) Devices() []Device { return slices.Clone(l.devices) }

// Log is what the library printed.
func (l *Library) Log() *printed.Log { return l.log }

// Kernels are what the library's log says of its device.
func (l *Library) Kernels() printed.Kernels { return l.kernels }
