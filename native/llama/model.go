package llama

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"unsafe"

	"assay/native/llama/printed"
)

// Switch is a setting that the library can also choose itself.
type Switch string

// The positions of a Switch; the zero value leaves the library's default.
const (
	Default Switch = ""
	Auto    Switch = "auto"
	On      Switch = "on"
	Off     Switch = "off"
)

// check refuses what is no Switch; setting names it in llama.cpp's words.
func (s Switch) check(setting string) error {
	switch s {
	case Default, Auto, On, Off:
		return nil
	}
	return fmt.Errorf("%s is %q, not auto, on or off", setting, string(s))
}

// ModelParams are the settings of loading that assay varies; what is not set
// keeps the library's default.
type ModelParams struct {
	// NGPULayers is the number of layers on a GPU, nil the library's default
	// (all of them).
	NGPULayers *int
	// Mmap maps the file instead of reading it.
	Mmap Switch
	// NoAlloc reads the metadata only and allocates neither weights nor, in
	// contexts of the model, caches: for planning. Needs b8121 or later.
	NoAlloc bool
	// NoHost keeps what the processor holds out of memory that a GPU reads, too.
	NoHost bool
	Spread
}

// Model is a loaded model. Close it after its contexts.
type Model struct {
	lib     *Library
	handle  uintptr
	noAlloc bool
	report  printed.Report
	spread  *spread // which the model points to
}

// LoadModel reads a GGUF file. The error wraps the operating system's when the
// file cannot be opened, and is a *CallError or *UnsupportedError otherwise.
func (l *Library) LoadModel(path string, p ModelParams) (*Model, error) {
	if err := readable(path); err != nil {
		return nil, fmt.Errorf("loading a model: %w", err)
	}
	to, err := l.spread(p.Spread)
	if err != nil {
		return nil, fmt.Errorf("loading %s: %w", path, err)
	}
	params, err := l.modelParams(p, to)
	if err != nil {
		return nil, fmt.Errorf("loading %s: %w", path, err)
	}
	mark := l.log.Mark()
	name := cString(path)
	handle := new(arguments).callWithStruct(l.fn.modelLoad, uintptr(unsafe.Pointer(name)), params[:])
	runtime.KeepAlive(name)
	lines := l.log.Since(mark)
	if handle == 0 {
		return nil, &CallError{Call: "loading " + path, Lines: printed.Last(lines, 5)}
	}
	m := &Model{lib: l, handle: handle, noAlloc: p.NoAlloc, report: printed.ParseReport(lines), spread: to}
	mapped := slices.ContainsFunc(m.report.Buffers, func(b printed.BufferReport) bool { return strings.HasSuffix(b.Device, "_Mapped") })
	if mapped && (p.Mmap == Off || p.NoAlloc) {
		m.Close()
		return nil, &CallError{Call: fmt.Sprintf("passing no mmap to llama.cpp %s, which mapped %s,", l.version, path)}
	}
	return m, nil
}

func readable(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return file.Close()
}

// loadModes are enum llama_load_mode of llama.h (b10361 and later); the older
// use_mmap takes the same numbers.
var loadModes = map[Switch]uint64{On: 1, Off: 0}

func (l *Library) modelParams(p ModelParams, to *spread) (*block, error) {
	params := l.modelSettings()
	if err := p.Mmap.check("mmap"); err != nil {
		return nil, err
	}
	if p.NGPULayers != nil {
		params.set("n_gpu_layers", uint64(uint32(*p.NGPULayers)))
	}
	if p.NoAlloc {
		params.set("no_alloc", 1)
		p.Mmap = Off // as llama.cpp's own planning does (src/llama.cpp, llama_get_device_memory_data)
	}
	if mode, ok := loadModes[p.Mmap]; ok {
		member := "use_mmap"
		if params.has("load_mode") {
			member = "load_mode"
		}
		params.set(member, mode)
	}
	if p.NoHost {
		params.set("no_host", 1)
	}
	to.fill(params)
	return params.filled()
}

// Close frees the model, of which nothing may be asked afterwards.
func (m *Model) Close() {
	if m.handle != 0 {
		call(m.lib.fn.modelFree, m.handle)
		m.handle = 0
	}
}

// Report is what the library printed about the model's buffers.
func (m *Model) Report() printed.Report { return m.report }

// NParams is the number of parameters.
func (m *Model) NParams() int64 { return int64(call(m.lib.fn.modelParams, m.handle)) }

// Bytes is the size of all tensors (llama_model_size).
func (m *Model) Bytes() int64 { return int64(call(m.lib.fn.modelSize, m.handle)) }
