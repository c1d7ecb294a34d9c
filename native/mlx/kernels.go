package mlx

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"assay/native/dylib"
)

// KernelFile is the file of kernels that the loaded libmlx takes: mlx.metallib
// in its own folder, or below that in Resources (load_default_library,
// mlx/backend/metal/device.cpp, 0.32); "" where there is none.
func (l *Library) KernelFile() string {
	for _, path := range dylib.Images() {
		if !strings.HasPrefix(filepath.Base(path), "libmlx.") {
			continue
		}
		folder := filepath.Dir(path)
		for _, file := range []string{filepath.Join(folder, "mlx.metallib"), filepath.Join(folder, "Resources", "mlx.metallib")} {
			if _, err := os.Stat(file); err == nil {
				return file
			}
		}
	}
	return ""
}

// ErrNoKernels says that a file is no Metal library.
var ErrNoKernels = errors.New("it is no Metal library")

// mostListed bounds the list of functions, 2.7 MB for MLX's 16,000 kernels.
const mostListed = 256 << 20

// NAXKernels counts the kernels of a Metal library that run on the tensor units
// of an M5 and later, which MLX names with "_nax" (mlx/backend/metal/kernels,
// 0.31 and later). The error wraps ErrNoKernels or what reading said.
func NAXKernels(path string) (int, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, fmt.Errorf("counting kernels: %w", err)
	}
	defer file.Close()
	count, err := naxIn(file)
	if err != nil {
		return 0, fmt.Errorf("counting kernels: %s: %w", path, err)
	}
	return count, nil
}

// naxIn walks the list of functions of an MTLB file: its place and size stand at
// 24 and 32; it is a count, and for each function a size and tags of four
// letters with a length, of which NAME is the function's name with a zero.
// Found in MLX 0.31.2's own file (15,936 functions, 762 of them _nax).
func naxIn(file io.ReaderAt) (int, error) {
	header := make([]byte, 40)
	if _, err := file.ReadAt(header, 0); err != nil || !bytes.HasPrefix(header, []byte("MTLB")) {
		return 0, errors.Join(ErrNoKernels, err)
	}
	at, size := binary.LittleEndian.Uint64(header[24:]), binary.LittleEndian.Uint64(header[32:])
	if size > mostListed || at > 1<<40 {
		return 0, fmt.Errorf("%w: its list of functions takes %d bytes", ErrNoKernels, size)
	}
	// The count of functions is in front of the size.
	list := bufio.NewReader(io.NewSectionReader(file, int64(at), int64(size)+4))
	var functions uint32
	if err := binary.Read(list, binary.LittleEndian, &functions); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrNoKernels, err)
	}
	nax := 0
	for range functions {
		name, err := functionName(list)
		if err != nil {
			return 0, fmt.Errorf("%w: its list of functions ends early: %w", ErrNoKernels, err)
		}
		if bytes.Contains(name, []byte("_nax")) {
			nax++
		}
	}
	return nax, nil
}

// functionName reads one function's entry.
func functionName(list *bufio.Reader) ([]byte, error) {
	var size uint32 // with its own four bytes
	if err := binary.Read(list, binary.LittleEndian, &size); err != nil {
		return nil, err
	}
	if size < 4 || size > 1<<16 {
		return nil, fmt.Errorf("an entry of %d bytes", size)
	}
	entry := make([]byte, size-4)
	if _, err := io.ReadFull(list, entry); err != nil {
		return nil, err
	}
	for len(entry) >= 6 {
		tag, length := entry[:4], int(binary.LittleEndian.Uint16(entry[4:]))
		if entry = entry[6:]; length > len(entry) {
			break
		}
		if string(tag) == "NAME" {
			return bytes.TrimSuffix(entry[:length], []byte{0}), nil
		}
		entry = entry[length:]
	}
	return nil, nil
}
