package mlx

import (
	"errors"
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"

	"assay/native/dylib"
)

// ErrNoGraphs says that a library cannot show what it is about to execute:
// mlx-c has mlx_print_graph only since v0.6.0-4-gfba4470.
var ErrNoGraphs = errors.New("this mlx-c has no mlx_print_graph, which shows the graph before it is executed (v0.6.0-4-gfba4470 has)")

// streamsOf finds the C library's functions through the libraries that libmlxc
// links to; all are 0 where there is no file in memory.
func streamsOf(opened *dylib.Library) streams {
	addrs, err := opened.Symbols("open_memstream", "fclose", "free")
	if err != nil {
		return streams{}
	}
	return streams{addrs[0], addrs[1], addrs[2]}
}

// ShowsGraphs says whether Graph works in this library.
func (l *Library) ShowsGraphs() bool {
	return l.addr[fnPrintGraph] != 0 && l.addr[fnNamerNew] != 0 && l.streams.open != 0
}

// Graph is what an evaluation of the arrays is going to execute, as MLX prints
// it (print_graph, mlx/graph_utils.cpp, v0.31.2): every primitive that was not
// evaluated yet, once, with its arrays' shapes. What was evaluated, or only
// started, has lost its primitive and is an input. Nothing is computed.
func (s *Scope) Graph(arrays ...Array) string {
	if s.err != nil {
		return ""
	}
	if !s.lib.ShowsGraphs() {
		s.Fail(ErrNoGraphs)
		return ""
	}
	// C writes both when the file is closed: where the text is, and its length.
	text := &[2]uintptr{}
	file, _, _ := purego.SyscallN(s.lib.streams.open, ptr(&text[0]), ptr(&text[1]))
	if file == 0 {
		s.Fail(errors.New("no file in memory could be opened for MLX's graph"))
		return ""
	}
	v, namer := s.vector(arrays), s.lib.call(fnNamerNew)
	if status := s.lib.call(fnPrintGraph, file, namer, v); int32(status) != 0 {
		s.Fail(s.lib.failure(fnPrintGraph))
	}
	s.lib.call(fnNamerFree, namer)
	s.lib.call(fnVectorFree, v)
	purego.SyscallN(s.lib.streams.close, file)
	graph := string(unsafe.Slice(*(**byte)(unsafe.Pointer(&text[0])), text[1]))
	purego.SyscallN(s.lib.streams.free, text[0])
	runtime.KeepAlive(text)
	return graph
}
