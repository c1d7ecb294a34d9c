package llama

import (
	"encoding/binary"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"unsafe"
)

// quantizeParams is llama_model_quantize_params (llama.h of v0.5.0): threads, file
// type, the types of the head and of the embeddings, six flags (the second quantises
// the head, the sixth is dry_run), and pointers that stay null.
type quantizeParams [256]byte

// noType is no ggml_type of any release, which the library takes for "as the mix has it".
const noType = 1 << 20

// sized is what the library says of each tensor in a dry run: its name, its type, and
// the type that it would get.
var sized = regexp.MustCompile(`\] +(\S+) +- \[[\d, ]+\], type = +(\w+), size = .*?(?:\((\w+)\))?\s*$`)

// QuantizedTypes asks the library what llama-quantize would store each tensor of a
// GGUF in, of a file type by its number (enum llama_ftype), without doing it: a dry
// run, which v0.5.0 has. Values are not looked at: a sparse file serves.
func (lib *Library) QuantizedTypes(path string, fileType int) (map[string]string, error) {
	if lib.quantize == 0 {
		return nil, fmt.Errorf("llama.cpp %s has no llama_model_quantize", lib.version)
	}
	var p quantizeParams
	for at, word := range []uint32{1, uint32(fileType), noType, noType} {
		binary.LittleEndian.PutUint32(p[4*at:], word)
	}
	p[17], p[21] = 1, 1
	mark := lib.log.Mark()
	in, out := cString(path), cString(path+".quantized")
	failed := call(lib.quantize, uintptr(unsafe.Pointer(in)), uintptr(unsafe.Pointer(out)), uintptr(unsafe.Pointer(&p)))
	runtime.KeepAlive(in)
	runtime.KeepAlive(out)
	if failed != 0 {
		return nil, fmt.Errorf("quantising %s: %s", path, strings.Join(lib.log.Tail(1), ""))
	}
	var text strings.Builder
	for _, line := range lib.log.Since(mark) {
		text.WriteString(line.Text)
		text.WriteByte('\n')
	}
	types := map[string]string{}
	for line := range strings.SplitSeq(text.String(), "\n") {
		if m := sized.FindStringSubmatch(line); m != nil {
			types[m[1]] = m[2]
			if m[3] != "" {
				types[m[1]] = m[3]
			}
		}
	}
	return types, nil
}
