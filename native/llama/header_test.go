package llama

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// declaration is a struct in C with those members.
func declaration(name string, members []member) string {
	types := map[kind]string{u8: "bool", i32: "int32_t", ptr: "void *"}
	var b strings.Builder
	fmt.Fprintf(&b, "struct %s {\n", name)
	for _, m := range members {
		fmt.Fprintf(&b, "    %s %s; // says what it is\n", types[m.kind], m.name)
	}
	return b.String() + "};\n"
}

// headerBeside writes a header where one would lie beside a library, and reads it.
func headerBeside(t *testing.T, text string) header {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "include"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "include", "llama.h"), []byte(text), 0o644))
	h, ok, err := readHeader(filepath.Join(folder, "lib", "libllama.so"))
	require.NoError(t, err)
	require.True(t, ok)
	return h
}

// A header says what the layout is, known or not, and only the library that it
// belongs to confirms it.
func TestHeaderOfEveryRelease(t *testing.T) {
	sameSize := 0
	for _, version := range Releases() {
		for _, s := range []struct {
			file, name string
			known      []layout
		}{{"model", "llama_model_params", modelLayouts}, {"context", "llama_context_params", contextLayouts}} {
			e := readDefaults(t, version, s.file)
			own, err := e.recognise(s.known, LayoutError{})
			require.NoError(t, err)
			for _, l := range s.known {
				h := headerBeside(t, declaration(s.name, l.members()))
				read, err := h.layout(s.name, s.known)
				require.NoError(t, err)
				require.Equal(t, l, read)
				if l.name == own.name {
					require.NoError(t, e.confirms(read, s.name), "%s %s", version, s.name)
				} else {
					if l.size == own.size {
						sameSize++
					}
					require.ErrorContains(t, e.confirms(read, s.name), s.name, "%s by the header of %s", version, l.name)
				}
			}
		}
	}
	require.Positive(t, sameSize, "headers of other releases whose structs are as large")
}

func TestPlantedHeadersAreRefused(t *testing.T) {
	e := readDefaults(t, "v0.5.0", "context")
	own, err := e.recognise(contextLayouts, LayoutError{})
	require.NoError(t, err)
	at := func(name string) int {
		return slices.IndexFunc(own.fields, func(f field) bool { return f.name == name })
	}
	for _, test := range []struct {
		name   string
		change func(m []member) []member
		says   string
	}{
		{"a member inserted in the middle", func(m []member) []member { return slices.Insert(m, at("n_threads"), member{"n_new", ptr}) },
			"by the header 176 bytes"},
		{"a member inserted that fills a hole", func(m []member) []member { return slices.Insert(m, at("samplers"), member{"one_more", u8}) },
			"by the header 160 bytes without 135 to 135"},
		{"a member left out", func(m []member) []member { return slices.Delete(m, at("ctx_other"), at("ctx_other")+1) },
			"by the header 152 bytes"},
		{"two swapped", func(m []member) []member {
			m[at("n_batch")], m[at("n_ubatch")] = m[at("n_ubatch")], m[at("n_batch")]
			return m
		}, "stand in another order"},
		{"two of another width swapped", func(m []member) []member {
			m[at("type_v")], m[at("abort_callback")] = m[at("abort_callback")], m[at("type_v")]
			return m
		}, "by the header"},
		{"a bool moved among bools", func(m []member) []member {
			moved := m[at("kv_unified")]
			return slices.Insert(slices.Delete(m, at("kv_unified"), at("kv_unified")+1), at("embeddings"), moved)
		}, "stand in another order"},
		{"a number widened", func(m []member) []member { m[at("n_threads")].kind = ptr; return m }, "by the header"},
		{"a number widened that has room", func(m []member) []member { m[at("n_seq_max")].kind = ptr; return m }, "by the header"},
		{"a bool widened", func(m []member) []member { m[at("embeddings")].kind = i32; return m }, "by the header"},
		{"the last bool widened into padding", func(m []member) []member {
			last := len(m) - 1
			for m[last].kind != u8 {
				last--
			}
			m[last].kind = i32
			return m
		}, "by the header"},
		{"a number narrowed to a bool", func(m []member) []member { m[at("n_batch")].kind = u8; return m }, "by the header"},
		{"a bool moved to the end", func(m []member) []member {
			moved := m[at("swa_full")]
			return append(slices.Delete(m, at("swa_full"), at("swa_full")+1), moved)
		}, "by the header"},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := headerBeside(t, declaration("llama_context_params", test.change(own.members())))
			l, err := h.layout("llama_context_params", contextLayouts)
			require.NoError(t, err)
			require.ErrorContains(t, e.confirms(l, "llama_context_params"), test.says)
		})
	}
	// One that grew at its end, as the library did, is no known layout and is taken.
	grown := e
	grown.written = slices.Clone(e.written)
	for i := 160; i < 168; i++ {
		grown.written[i] = true
	}
	l, err := headerBeside(t, declaration("llama_context_params", append(own.members(), member{"n_new", ptr}))).layout("llama_context_params",
		contextLayouts)
	require.NoError(t, err)
	require.Equal(t, "llama.h", l.name)
	require.NoError(t, grown.confirms(l, "llama_context_params"))
}

func TestHeaderConstants(t *testing.T) {
	const good = `
#define GGML_MAX_DIMS 4
#define GGML_MAX_OP_PARAMS 64
#define GGML_MAX_SRC 10
#define GGML_MAX_NAME 64
enum llama_flash_attn_type { LLAMA_FLASH_ATTN_TYPE_AUTO = -1, LLAMA_FLASH_ATTN_TYPE_DISABLED, /* off */ LLAMA_FLASH_ATTN_TYPE_ENABLED = 1, };
typedef struct llama_batch { int32_t n_tokens; llama_token * token; float * embd; llama_pos * pos; int32_t * n_seq_id; llama_seq_id ** seq_id; int8_t * logits; } llama_batch;
struct ggml_tensor { enum ggml_type type; struct ggml_backend_buffer * buffer; int64_t ne[GGML_MAX_DIMS]; size_t nb[GGML_MAX_DIMS];
  enum ggml_op op; int32_t op_params[GGML_MAX_OP_PARAMS / sizeof(int32_t)]; int32_t flags; struct ggml_tensor * src[GGML_MAX_SRC];
  struct ggml_tensor * view_src; size_t view_offs; void * data; char name[GGML_MAX_NAME]; void * extra; char padding[8]; };`
	require.NoError(t, headerBeside(t, good).constants())
	for _, test := range []struct{ from, to, says string }{
		{"LLAMA_FLASH_ATTN_TYPE_DISABLED,", "LLAMA_FLASH_ATTN_TYPE_NEW, LLAMA_FLASH_ATTN_TYPE_DISABLED,", "LLAMA_FLASH_ATTN_TYPE_DISABLED is 1"},
		{"_AUTO = -1", "_AUTO = -2", "LLAMA_FLASH_ATTN_TYPE_AUTO is -2"},
		{"_ENABLED = 1", "_ENABLED = 3", "LLAMA_FLASH_ATTN_TYPE_ENABLED is 3"},
		{"int32_t n_tokens;", "int64_t n_tokens; int32_t n_more;", "of struct llama_batch"},
		{"int64_t ne[", "int32_t ne[", "of struct ggml_tensor is at byte"},
		{"float * embd;", "", "of struct llama_batch is at byte"},
		{"#define GGML_MAX_SRC 10", "#define GGML_MAX_SRC 12", "of struct ggml_tensor is at byte"},
		{"size_t view_offs;", "bool view_new;", ""}, // what comes behind stays where it was
		{"int64_t ne[GGML_MAX_DIMS];", "int64_t ne[GGML_DIMS];", "the length GGML_DIMS is not known"},
		{"void * extra;", "ggml_new_type extra;", `the width of "ggml_new_type extra" is not known`},
	} {
		err := headerBeside(t, strings.Replace(good, test.from, test.to, 1)).constants()
		if test.says == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, test.says)
	}
}

func FuzzHeader(f *testing.F) {
	f.Add(declaration("llama_context_params", contextLayouts[0].members()))
	f.Add("struct llama_context_params { int a[3 / sizeof(int32_t)]; char b; };enum ggml_type { A = 1 << 3, B }")
	f.Fuzz(func(t *testing.T, text string) {
		h := header{text: headerComment.ReplaceAllString(text, " ")}
		_ = h.constants()
		if l, err := h.layout("llama_context_params", contextLayouts); err == nil {
			require.LessOrEqual(t, l.size, paramBytes)
			require.NotEmpty(t, l.fields)
		}
	})
}
