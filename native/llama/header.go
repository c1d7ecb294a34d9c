package llama

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"assay/native/dylib"
)

// HeaderError says that the header beside a library is not the library's own.
type HeaderError struct {
	Path, Header string
	// Why is what they differ in.
	Why string
}

func (e *HeaderError) Error() string {
	return fmt.Sprintf("%s: %s is not of this library: %s; put the library's own header there, or take it away", e.Path, e.Header, e.Why)
}

// Is reports that the error is dylib.ErrUnusable.
func (e *HeaderError) Is(target error) bool { return target == dylib.ErrUnusable }

// header is the text of llama.h and ggml.h, without comments.
type header struct {
	path string
	text string
}

// readHeader reads the headers that lie beside the library at a path, where a
// prefix (Homebrew's) or Debian's -dev packages have them; ok is false without.
func readHeader(path string) (h header, ok bool, err error) {
	for _, folder := range []string{"include", "../include", "../../include"} {
		folder = filepath.Join(filepath.Dir(path), folder)
		text, err := os.ReadFile(filepath.Join(folder, "llama.h"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return header{}, false, err
		}
		more, err := os.ReadFile(filepath.Join(folder, "ggml.h"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return header{}, false, err
		}
		all := string(text) + "\n" + string(more)
		return header{filepath.Join(folder, "llama.h"), headerComment.ReplaceAllString(all, " ")}, true, nil
	}
	return header{}, false, nil
}

var (
	headerComment = regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*`)
	defined       = regexp.MustCompile(`(?m)^[ \t]*#[ \t]*define[ \t]+(\w+)[ \t]+(\d+)[ \t]*$`)
	declared      = regexp.MustCompile(`^(.*?)(\w+)\s*((?:\[[^\]]*\]\s*)*)$`)
	dimension     = regexp.MustCompile(`\[([^\]]*)\]`)
)

// errNotDeclared says that a header has no such type.
var errNotDeclared = errors.New("it is not declared")

// body is what stands between the braces of a struct or an enum.
func (h header) body(what string) (string, error) {
	found := regexp.MustCompile(`\b` + what + `\s*\{([^}]*)\}`).FindStringSubmatch(h.text)
	if found == nil {
		return "", fmt.Errorf("%s: %w", what, errNotDeclared)
	}
	return found[1], nil
}

// members are a struct's, in order; each element of an array is one. The error
// names a declaration whose width is not known.
func (h header) members(name string) ([]member, error) {
	body, err := h.body("struct " + name)
	if err != nil {
		return nil, err
	}
	var all []member
	for _, text := range strings.Split(body, ";") {
		if text = strings.Join(strings.Fields(text), " "); text == "" {
			continue
		}
		found := declared.FindStringSubmatch(text)
		width, known := kind(0), false
		if found != nil {
			width, known = widthOf(strings.TrimSpace(found[1]))
		}
		if !known {
			return nil, fmt.Errorf("struct %s: the width of %q is not known", name, text)
		}
		n, err := h.elements(found[3])
		if err != nil {
			return nil, fmt.Errorf("struct %s: %q: %w", name, text, err)
		}
		for i := range n {
			m := member{found[2], width}
			if i > 0 {
				m.name += "[" + strconv.Itoa(i) + "]"
			}
			all = append(all, m)
		}
	}
	return all, nil
}

// widths are those of the types that the structs are made of.
var widths = map[string]kind{
	"bool": u8, "char": u8, "int8_t": u8, "uint8_t": u8,
	"int": i32, "int32_t": i32, "uint32_t": i32, "float": i32, "llama_token": i32, "llama_pos": i32, "llama_seq_id": i32,
	"int64_t": ptr, "uint64_t": ptr, "size_t": ptr, "double": ptr,
	"llama_progress_callback": ptr, "ggml_backend_sched_eval_callback": ptr, "ggml_abort_callback": ptr,
}

func widthOf(typ string) (kind, bool) {
	switch {
	case strings.HasSuffix(typ, "*"):
		return ptr, true
	case strings.HasPrefix(typ, "enum "):
		return i32, true
	}
	width, ok := widths[strings.TrimPrefix(typ, "const ")]
	return width, ok
}

// elements multiplies the dimensions of an array, numbers or macros, perhaps
// divided by the size of an int32_t.
func (h header) elements(dimensions string) (int, error) {
	n := 1
	for _, found := range dimension.FindAllStringSubmatch(dimensions, -1) {
		text, by, _ := strings.Cut(strings.ReplaceAll(found[1], " ", ""), "/")
		for _, macro := range defined.FindAllStringSubmatch(h.text, -1) {
			if macro[1] == text {
				text = macro[2]
			}
		}
		size, err := strconv.Atoi(text)
		if err != nil || size < 1 || size > 4096 || by != "" && by != "sizeof(int32_t)" {
			return 0, fmt.Errorf("the length %s is not known", found[1])
		}
		if by != "" {
			size /= 4
		}
		n *= size
	}
	return n, nil
}

// values are an enum's; one without a number follows the one before.
func (h header) values(name string) (map[string]int, error) {
	body, err := h.body("enum " + name)
	if err != nil {
		return nil, err
	}
	all, next := map[string]int{}, 0
	for _, text := range strings.Split(body, ",") {
		name, number, given := strings.Cut(strings.Join(strings.Fields(text), ""), "=")
		if given {
			if next, err = strconv.Atoi(number); err != nil {
				continue // an expression, of no constant that is passed
			}
		}
		if name != "" {
			all[name] = next
		}
		next++
	}
	return all, nil
}

// layout is a struct as the header declares it, by the name of the known layout
// that it is, else "llama.h".
func (h header) layout(structName string, known []layout) (layout, error) {
	members, err := h.members(structName)
	if err != nil {
		return layout{}, err
	}
	l := laidOut("llama.h", members)
	if len(l.fields) == 0 || l.size > paramBytes {
		return layout{}, fmt.Errorf("struct %s has %d bytes, of at most %d", structName, l.size, paramBytes)
	}
	if i := slices.IndexFunc(known, func(k layout) bool { return slices.Equal(k.fields, l.fields) }); i >= 0 {
		l.name = known[i].name
	}
	return l, nil
}

// confirms says why a library's evidence is not of the layout that its header
// declares, nil where it is.
func (e evidence) confirms(l layout, structName string) error {
	if e.exactly(l) || e.whole(l) && !e.permuted(l) {
		return nil
	}
	declared := evidence{written: append(l.occupied(), make([]bool, len(e.written)-l.size)...)}
	if slices.Equal(declared.written, e.written) {
		return fmt.Errorf("the defaults of %s stand in another order", structName)
	}
	return fmt.Errorf("of %s %s, by the header %s", structName, e.described(), strings.TrimPrefix(declared.described(), "it writes "))
}

// passed are the numbers that are passed to the library, by enum and name.
var passed = map[string]map[string]int{
	"llama_flash_attn_type": {"LLAMA_FLASH_ATTN_TYPE_AUTO": -1, "LLAMA_FLASH_ATTN_TYPE_DISABLED": 0, "LLAMA_FLASH_ATTN_TYPE_ENABLED": 1},
	"llama_load_mode":       {"LLAMA_LOAD_MODE_NONE": 0, "LLAMA_LOAD_MODE_MMAP": 1},
	"ggml_type": {"GGML_TYPE_F32": 0, "GGML_TYPE_F16": 1, "GGML_TYPE_Q4_0": 2, "GGML_TYPE_Q4_1": 3, "GGML_TYPE_Q5_0": 6,
		"GGML_TYPE_Q5_1": 7, "GGML_TYPE_Q8_0": 8, "GGML_TYPE_IQ4_NL": 20, "GGML_TYPE_BF16": 30},
}

// fixed are the structs whose places this package is compiled with.
var fixed = map[string]map[string]uintptr{
	"llama_batch": {"n_tokens": 0, "token": 8, "embd": 16, "pos": 24, "n_seq_id": 32, "seq_id": 40, "logits": 48},
	"ggml_tensor": {
		"type": unsafe.Offsetof(tensor{}.typ), "buffer": unsafe.Offsetof(tensor{}.buffer), "ne": unsafe.Offsetof(tensor{}.ne),
		"nb": unsafe.Offsetof(tensor{}.nb), "op": unsafe.Offsetof(tensor{}.op), "op_params": unsafe.Offsetof(tensor{}.opParams),
		"flags": unsafe.Offsetof(tensor{}.flags), "src": unsafe.Offsetof(tensor{}.src), "view_src": unsafe.Offsetof(tensor{}.viewSrc),
		"data": unsafe.Offsetof(tensor{}.data), "name": unsafe.Offsetof(tensor{}.name),
	},
}

// constants says where the header has another number or another place than this
// package, nil where it has not. A type that it does not declare is not judged.
func (h header) constants() error {
	for enum, wanted := range passed {
		values, err := h.values(enum)
		if errors.Is(err, errNotDeclared) {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(wanted)) {
			if got, ok := values[name]; !ok || got != wanted[name] {
				return fmt.Errorf("%s is %d in enum %s, not %d", name, got, enum, wanted[name])
			}
		}
	}
	for structName, wanted := range fixed {
		members, err := h.members(structName)
		if errors.Is(err, errNotDeclared) {
			continue
		}
		if err != nil {
			return err
		}
		l := laidOut(structName, members)
		for name, want := range wanted {
			if f, ok := l.find(name); !ok || uintptr(f.offset) != want {
				return fmt.Errorf("%s of struct %s is at byte %d, not %d", name, structName, f.offset, want)
			}
		}
	}
	return nil
}
