package dylib_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/native/dylib"
)

// What dyld and glibc say, in the forms that they print, becomes a sentence that names
// the file and what to do; what is none of it stays as it is.
func TestLoadersWords(t *testing.T) {
	const path = "/opt/homebrew/lib/libmlxc.dylib"
	for _, tt := range []struct{ said, cause, remedy string }{
		{"dlopen(" + path + ", 0x0006): tried: '" + path + "' (mach-o file, but is an incompatible architecture (have 'arm64', need 'x86_64'))",
			"the library is for arm64 and this process for x86_64, which on Apple silicon runs under Rosetta", "take an assay built for arm64"},
		{"dlopen(/usr/local/lib/libmlxc.dylib, 0x0006): tried: '/usr/local/lib/libmlxc.dylib' (mach-o file, but is an incompatible " +
			"architecture (have 'x86_64', need 'arm64e' or 'arm64'))",
			"the library is for x86_64 and this process for arm64e", "/opt/homebrew"},
		{"dlopen(" + path + ", 0x0006): Symbol not found: __ZN3mlx4core5arrayD1Ev\n  Referenced from: <8A5D3C11-0000-3000-8000-000000000001> " +
			path +
			"\n  Expected in:     <8A5D3C11-0000-3000-8000-000000000002> /opt/homebrew/lib/libmlx.dylib",
			"/opt/homebrew/lib/libmlx.dylib is of another release than it was built for", "from one release"},
		{"dlopen(" + path + ", 0x0006): Library not loaded: @rpath/libmlx.dylib\n  Referenced from: <8A5D3C11-0000-3000-8000-000000000001> " +
			path +
			"\n  Reason: tried: '/opt/homebrew/lib/libmlx.dylib' (no such file)",
			"@rpath/libmlx.dylib, which it links to, is not there", "from one release"},
		{path + ": undefined symbol: _ZN3mlx4core5arrayD1Ev", "lacks _ZN3mlx4core5arrayD1Ev", "from one release"},
		{"libmlx.so: cannot open shared object file: No such file or directory", "libmlx.so, which it links to, is not there",
			"from one release"},
	} {
		err := &dylib.OpenError{Path: path, Err: errors.New(tt.said)}
		assert.ErrorContains(t, err, "opening "+path+": ")
		assert.ErrorContains(t, err, tt.cause)
		assert.ErrorContains(t, err, tt.remedy)
		assert.NotContains(t, err.Error(), "\n")
	}
}
