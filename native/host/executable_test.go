package host_test

import (
	"bytes"
	"debug/macho"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/native/host"
)

// Below SDK 14 a Mac's GPU has no bf16 kernels in this process, below 26 no
// tensor units (an M5 runs at about half of its prefill speed).
func TestTheMacBuildNamesACurrentSDK(t *testing.T) {
	program := filepath.Join(t.TempDir(), "assay")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "assay/cmd/assay")
	build.Env = append(os.Environ(), "GOOS=darwin", "GOARCH=arm64", "CGO_ENABLED=0")
	said, err := build.CombinedOutput()
	require.NoError(t, err, string(said))
	got, err := host.BuildOf(program)
	require.NoError(t, err)
	assert.False(t, got.SDK.Before(host.Version{Major: 26}), "the SDK is %s: build with Go 1.27 or later", got.SDK)
	assert.False(t, got.MinOS.Before(host.Version{Major: 13}), "minos is %s", got.MinOS)
}

// program is a Mach-O file for arm64 with one load command.
func program(words ...uint32) []byte {
	var b bytes.Buffer
	header := []uint32{macho.Magic64, uint32(macho.CpuArm64), 0, uint32(macho.TypeExec), 1, uint32(4 * len(words)), 0, 0}
	for _, word := range append(header, words...) {
		_ = binary.Write(&b, binary.LittleEndian, word)
	}
	return b.Bytes()
}

func TestBuildOf(t *testing.T) {
	tests := []struct {
		name       string
		content    []byte
		minOS, sdk string
		fails      string
	}{
		{"LM Studio's runtime", program(0x32, 24, 1, 14<<16, 14<<16|5<<8, 0), "14.0", "14.5", ""},
		{"Go 1.27", program(0x32, 24, 1, 13<<16, 26<<16|2<<8, 0), "13.0", "26.2", ""},
		{"an old linker", program(0x24, 16, 10<<16|13<<8, 10<<16|15<<8|1), "10.13", "10.15", ""},
		{"no version at all", program(0x1b, 24, 1, 2, 3, 4), "", "", "it names no macOS SDK"},
		{"cut short", program(0x32, 12, 1), "", "", "it names no macOS SDK"},
		{"a program for Linux", []byte("\x7fELF and more than four bytes"), "", "", "it names no macOS SDK"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "program")
			require.NoError(t, os.WriteFile(path, tt.content, 0o644))
			got, err := host.BuildOf(path)
			if tt.fails != "" {
				assert.ErrorContains(t, err, tt.fails)
				assert.ErrorIs(t, err, host.ErrNoBuild)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.minOS, got.MinOS.String())
			assert.Equal(t, tt.sdk, got.SDK.String())
		})
	}
	_, err := host.BuildOf(filepath.Join(t.TempDir(), "none"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func FuzzBuildOf(f *testing.F) {
	f.Add(program(0x32, 24, 1, 13<<16, 26<<16|2<<8, 0))
	f.Add(program(0x24, 16, 10<<16|13<<8, 10<<16|15<<8|1))
	path := filepath.Join(f.TempDir(), "program")
	f.Fuzz(func(t *testing.T, content []byte) {
		require.NoError(t, os.WriteFile(path, content, 0o644))
		_, _ = host.BuildOf(path)
	})
}
