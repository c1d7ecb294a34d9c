package llamacpp

// Window is the loader's own rule for windows (load_arch_hparams of
// src/models/*.cpp, load_swa_pattern of src/llama-model.cpp, v0.5.0). A family
// without one has no windows, whatever the file says: the key is never read.
type Window struct {
	// Period is the pattern where attention.sliding_window_pattern is not given:
	// one layer of each period is full, the last, or with DenseFirst the first.
	// 0: the loader insists on a list.
	Period     int
	DenseFirst bool
	// Absent is the window where attention.sliding_window is not given; 0: none.
	Absent int64
	// Fixed is the window whatever the key says, unless it says 0.
	Fixed int64
	// Chunked: the window is a fixed chunk, not a sliding one.
	Chunked bool
	// Layers is the one depth that has windows at all; 0: every depth.
	Layers int
	// Source is the file that says so, where it is not the family's own.
	Source string
}

// Size is the window that the loader takes in a model of so many layers, where
// its file states one, or does not; 0 is none.
func (w *Window) Size(layers int, stated int64, given bool) int64 {
	switch {
	case w == nil, w.Layers > 0 && layers != w.Layers:
		return 0
	case !given:
		return w.Absent
	case w.Fixed > 0 && stated > 0:
		return w.Fixed
	}
	return stated
}

// Windowed says whether a layer has the window, by a period of the file's or the
// loader's own (set_swa_pattern, src/llama-hparams.cpp): of period 0 all have,
// of 1 none.
func (w *Window) Windowed(layer, period int) bool {
	switch {
	case period == 0:
		return true
	case w.DenseFirst:
		return layer%period != 0
	}
	return layer%period < period-1
}
