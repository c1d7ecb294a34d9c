// Package mlxtest gives tests the MLX of this machine. It does not know what they ask
// of it.
package mlxtest

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"assay/native/dylib"
	"assay/native/mlx"
)

// opened opens the library once for all tests; one process has one MLX.
var opened = sync.OnceValues(func() (*mlx.Library, error) {
	path, err := dylib.Here().Find(mlx.Spec())
	if err != nil {
		return nil, err
	}
	// Goldens were written over the BLAS of MLX's own package. Another one adds in
	// another order, and a quantised cache rounds what is near a border elsewhere.
	// What is opened visibly comes first when libmlx looks for its BLAS.
	own, err := filepath.Glob(filepath.Join(filepath.Dir(path), "libblas-*.so*"))
	for _, file := range own {
		_, err = dylib.Open(file)
	}
	if err != nil {
		return nil, err
	}
	return mlx.Open(path)
})

// Library returns the library, or skips the test where there is none. Until the test
// ends no other process's test has it.
func Library(t testing.TB) *mlx.Library {
	t.Helper()
	lib, err := opened()
	var notFound *dylib.NotFoundError
	if errors.As(err, &notFound) && !notFound.Forced {
		require.Empty(t, os.Getenv("CI"), "CI is set, so MLX has to be exercised: %v", err)
		t.Skipf("needs libmlxc: %v", err)
	}
	require.NoError(t, err)
	require.NoError(t, kernels.take())
	t.Cleanup(kernels.leave)
	return lib
}

// kernels is the folder in which MLX's CPU keeps what it compiles: one for all
// processes, where one loads what another one is still writing ("file too short",
// MLX 0.32.2, mlx/backend/cpu/compiled.cpp).
var kernels folder

// folder is held by one process, for as many of its tests as want it.
type folder struct {
	mu   sync.Mutex
	held int
	door *os.File
}

func (f *folder) take() (err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.held == 0 {
		if f.door, err = os.OpenFile(filepath.Join(os.TempDir(), "assay-mlx-kernels.lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
			return err
		}
		if err = unix.Flock(int(f.door.Fd()), unix.LOCK_EX); err != nil {
			f.door.Close()
			return err
		}
	}
	f.held++
	return nil
}

func (f *folder) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.held--; f.held == 0 {
		f.door.Close()
	}
}
