package llama_test

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"assay/native/dylib"
	"assay/native/llama"

	"github.com/stretchr/testify/require"
)

// planted is a library that passes everything on to the real one, but whose
// context struct has some bytes in another place: at each pair of offsets so many
// bytes have changed places.
const planted = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
typedef struct { unsigned char b[%[1]d]; } params;
static void swap(unsigned char *b) {
	unsigned char t[8];
	memcpy(t, b + %[2]d, %[4]d); memcpy(b + %[2]d, b + %[3]d, %[4]d); memcpy(b + %[3]d, t, %[4]d);
}
/* A struct of this size is returned through a hidden first argument. */
void *llama_context_default_params(unsigned char *to) {
	void *(*real)(unsigned char *) = dlsym(RTLD_NEXT, "llama_context_default_params");
	real(to);
	swap(to);
	return to;
}
void *llama_init_from_model(void *model, params p) {
	void *(*real)(void *, params) = dlsym(RTLD_NEXT, "llama_init_from_model");
	swap(p.b);
	return real(model, p);
}
`

// plant builds the library in a folder with links to what lies beside the real
// one, and answers its path.
func plant(t *testing.T, source string) string {
	t.Helper()
	cc, err := exec.LookPath("cc")
	if err != nil || runtime.GOARCH != "amd64" {
		t.Skip("needs a C compiler (cc) for amd64 to build a library with")
	}
	real := library(t).Path()
	files, err := filepath.Glob(filepath.Join(filepath.Dir(real), "libggml*"))
	require.NoError(t, err)
	folder := t.TempDir()
	for _, file := range files {
		require.NoError(t, os.Symlink(file, filepath.Join(folder, filepath.Base(file))))
	}
	code := filepath.Join(folder, "planted.c")
	require.NoError(t, os.WriteFile(code, []byte(source), 0o644))
	path := filepath.Join(folder, "libllama."+library(t).Version()+".so")
	// Some releases call themselves by another name than their file's.
	file, err := elf.Open(real)
	require.NoError(t, err)
	names, err := file.DynString(elf.DT_SONAME)
	require.NoError(t, errors.Join(err, file.Close()))
	byName := filepath.Join(folder, "real")
	require.NoError(t, os.Mkdir(byName, 0o755))
	for _, name := range names {
		require.NoError(t, os.Symlink(real, filepath.Join(byName, name)))
	}
	out, err := exec.Command(cc, "-shared", "-fPIC", "-o", path, code, "-Wl,--no-as-needed", real,
		"-Wl,-rpath,"+byName+":"+filepath.Dir(real)).CombinedOutput()
	require.NoError(t, err, string(out))
	return path
}

// TestMovedMembersAreRefused: what the bytes cannot show, members of one width and
// one default that have changed places, is found in what the setting did.
func TestMovedMembersAreRefused(t *testing.T) {
	lib := library(t)
	for _, test := range []struct {
		a, b string
		says string
	}{
		{"n_ctx", "n_ctx", ""}, // the control: nothing has moved
		{"n_batch", "n_ubatch", "its defaults stand in another order"},
		{"swa_full", "kv_unified", "its defaults stand in another order"},
		{"n_ctx", "n_ubatch", "passing n_ctx 4096 to"},
		{"type_k", "type_v", "passing type_k q8_0 to"},
		{"attention_type", "flash_attn_type", "passing flash_attn on to"},
		{"offload_kqv", "swa_full", "passing swa_full false to"},
	} {
		t.Run(test.a+" and "+test.b, func(t *testing.T) {
			size, from, width, ok := llama.ContextMember(lib, test.a)
			require.True(t, ok)
			_, to, other, ok := llama.ContextMember(lib, test.b)
			require.True(t, ok)
			require.Equal(t, width, other)
			path := plant(t, fmt.Sprintf(planted, size, from, to, width))
			command := exec.Command(os.Args[0], "-test.run=^TestContextOfAPlantedLibrary$")
			command.Env = append(os.Environ(), "ASSAY_TEST_PLANTED="+path)
			out, err := command.CombinedOutput()
			if test.says == "" {
				require.NoError(t, err, string(out))
				return
			}
			require.Error(t, err, string(out))
			require.Contains(t, strings.Join(strings.Fields(string(out)), " "), test.says)
		})
	}
}

// TestContextOfAPlantedLibrary is the other half, in a process of its own.
func TestContextOfAPlantedLibrary(t *testing.T) {
	path := os.Getenv("ASSAY_TEST_PLANTED")
	if path == "" {
		t.Skip("runs inside other tests only")
	}
	lib, err := llama.Open(path)
	require.NoError(t, err)
	m, err := lib.LoadModel(gemma.write(t), llama.ModelParams{})
	require.NoError(t, err)
	c, err := m.NewContext(llama.ContextParams{
		NCtx: 4096, NBatch: 512, NUbatch: 64, NThreads: 1, TypeK: "q8_0", TypeV: "f16", FlashAttn: llama.On,
	})
	require.NoError(t, err)
	c.Close()
	m.Close()
	require.NotEmpty(t, dylib.Here().Match(filepath.Dir(path), "llama"))
}
