package llama_test

import (
	"debug/elf"
	"debug/macho"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"assay/native/dylib"
	"assay/native/llama"

	"github.com/stretchr/testify/require"
)

// releases lists the folders with a llama.cpp release each: those below
// ASSAY_LLAMA_RELEASES, or in assay's own cache ('assay libs install --release
// LIST' puts them there, with --platform those for macOS, whose symbols are
// checked anywhere).
func releases(t *testing.T) []string {
	t.Helper()
	parent, named := os.LookupEnv("ASSAY_LLAMA_RELEASES")
	pattern := filepath.Join(parent, "*")
	if !named {
		var err error
		parent, err = dylib.Here().CacheFolder(llama.Spec().Product, "")
		require.NoError(t, err)
		pattern = filepath.Join(parent+"*", "*") // llama.cpp, llama.cpp-PLATFORM
	}
	folders, err := filepath.Glob(pattern)
	require.NoError(t, err)
	folders = slices.DeleteFunc(folders, func(folder string) bool {
		info, err := os.Stat(folder)
		return err != nil || !info.IsDir()
	})
	switch {
	case len(folders) > 0:
	case named:
		t.Fatalf("no releases in %s", parent)
	default:
		t.Skipf("no releases in %s", parent)
	}
	return folders
}

// TestEveryReleaseRuns runs this package's tests against each release, in a
// process of its own: one process can hold one llama.cpp.
func TestEveryReleaseRuns(t *testing.T) {
	if os.Getenv("ASSAY_TEST_RELEASE") != "" {
		t.Skip("this is the run against one release")
	}
	for _, folder := range releases(t) {
		if dylib.Here().Match(folder, llama.Spec().Stem) == "" {
			continue // for another system
		}
		t.Run(filepath.Base(folder), func(t *testing.T) {
			command := exec.Command(os.Args[0], "-test.count=1")
			command.Env = append(os.Environ(), "ASSAY_TEST_RELEASE=1", "ASSAY_LLAMA_LIB="+folder, "CI=true")
			out, err := command.CombinedOutput()
			require.NoError(t, err, string(out))
			t.Logf("exercised: llama.cpp %s", filepath.Base(folder))
		})
	}
}

func TestEveryReleaseHasTheSymbols(t *testing.T) {
	for _, folder := range releases(t) {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			defined, err := definedSymbols(folder)
			require.NoError(t, err)
			for _, name := range llama.RequiredSymbols() {
				require.True(t, defined[name], "%s lacks %s", folder, name)
			}
			require.False(t, defined["llama_no_such_function"])
			require.False(t, defined["malloc"], "what a library only uses is not counted")
		})
	}
}

// definedSymbols reads what libllama and libggml* of a folder define, without
// loading them.
func definedSymbols(folder string) (map[string]bool, error) {
	var files []string
	for _, pattern := range []string{"libllama.*", "libggml.*", "libggml-base.*"} {
		found, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	defined := map[string]bool{}
	for _, file := range files {
		names, err := exported(file)
		if err != nil {
			return nil, fmt.Errorf("reading the symbols of %s: %w", file, err)
		}
		for _, name := range names {
			defined[name] = true
		}
	}
	if len(files) == 0 {
		return nil, errors.New(folder + " holds no libllama")
	}
	return defined, nil
}

func exported(file string) ([]string, error) {
	if strings.HasSuffix(file, ".dylib") {
		return exportedMacho(file)
	}
	library, err := elf.Open(file)
	if err != nil {
		return nil, err
	}
	defer library.Close()
	symbols, err := library.DynamicSymbols()
	var names []string
	for _, symbol := range symbols {
		if symbol.Section != elf.SHN_UNDEF {
			names = append(names, symbol.Name)
		}
	}
	return names, err
}

func exportedMacho(file string) ([]string, error) {
	library, err := macho.Open(file)
	if err != nil {
		return nil, err
	}
	defer library.Close()
	const external = 0x01 // N_EXT of mach-o/nlist.h
	var names []string
	for _, symbol := range library.Symtab.Syms {
		if symbol.Type&external != 0 && symbol.Sect != 0 {
			names = append(names, strings.TrimPrefix(symbol.Name, "_"))
		}
	}
	return names, nil
}
