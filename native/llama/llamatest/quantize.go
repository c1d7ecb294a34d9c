// Package llamatest asks llama.cpp what only tests want to know. It does not know what
// they make of it.
package llamatest

import (
	"encoding/binary"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"

	"assay/native/dylib"
	"assay/native/llama"
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
func QuantizedTypes(lib *llama.Library, path string, fileType int) (map[string]string, error) {
	handle, err := dylib.Open(lib.Path()) // the same again
	if err != nil {
		return nil, err
	}
	quantize, ok := handle.Symbol("llama_model_quantize")
	if !ok {
		return nil, fmt.Errorf("llama.cpp %s has no llama_model_quantize", lib.Version())
	}
	var p quantizeParams
	for at, word := range []uint32{1, uint32(fileType), noType, noType} {
		binary.LittleEndian.PutUint32(p[4*at:], word)
	}
	p[17], p[21] = 1, 1
	mark := lib.Log().Mark()
	in, out := []byte(path+"\x00"), []byte(path+".quantized\x00")
	failed, _, _ := purego.SyscallN(quantize, uintptr(unsafe.Pointer(&in[0])), uintptr(unsafe.Pointer(&out[0])), uintptr(unsafe.Pointer(&p)))
	runtime.KeepAlive(in)
	runtime.KeepAlive(out)
	runtime.KeepAlive(&p)
	if failed != 0 {
		return nil, fmt.Errorf("quantising %s: %s", path, strings.Join(lib.Log().Tail(1), ""))
	}
	types := map[string]string{}
	for _, line := range lib.Log().Since(mark) {
		if m := sized.FindStringSubmatch(line.Text); m != nil {
			types[m[1]] = m[2]
			if m[3] != "" {
				types[m[1]] = m[3]
			}
		}
	}
	return types, nil
}
