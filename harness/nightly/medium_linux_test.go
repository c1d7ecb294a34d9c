package nightly

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// onMedium is done where the home is a file system of its own.
var onMedium = []torture{
	{"full", func(t *testing.T, s scene) {
		f, err := os.Create(filepath.Join(s.dir, "ballast"))
		require.NoError(t, err)
		block := make([]byte, 4096)
		for err == nil {
			_, err = f.Write(block)
		}
		assert.ErrorIs(t, err, syscall.ENOSPC)
		_ = f.Close()
		s.pause(1500 * time.Millisecond)
		require.NoError(t, os.Remove(f.Name()))
	}},
	{"read-only", func(t *testing.T, s scene) {
		for range 200 { // not while a file is open for writing
			err := syscall.Mount("", s.dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
			if err == nil {
				t.Log("it is")
				break
			}
			require.ErrorIs(t, err, syscall.EBUSY)
			time.Sleep(2 * time.Millisecond)
		}
		s.pause(1500 * time.Millisecond)
		require.NoError(t, syscall.Mount("", s.dir, "", syscall.MS_REMOUNT, ""))
	}},
}

// medium makes dir a small file system of its own, where that is allowed.
func medium(t *testing.T, dir string) bool {
	t.Helper()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=24m"); err != nil {
		t.Logf("no full and no read-only medium: %v", err)
		return false
	}
	t.Cleanup(func() { assert.NoError(t, syscall.Unmount(dir, 2)) }) // 2: when nothing uses it any more
	return true
}
