package dylib

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"
	"golang.org/x/sys/unix"
)

// Library is an opened library. It stays open until the process ends: native
// runtimes keep threads and exit handlers that do not survive closing.
type Library struct {
	Path   string
	handle uintptr
}

// OpenError says that the system's loader refused the file.
type OpenError struct {
	Path string
	Err  error
}

func (e *OpenError) Error() string {
	// The loader's own text begins with the path on Linux.
	why := strings.TrimPrefix(e.Err.Error(), e.Path+": ")
	if strings.TrimSpace(why) == "" {
		why = "the system's loader gives no reason, as when libraries beside it are of another release (ldd -r lists what is missing)"
	}
	if cause, remedy, known := causeOf(why); known {
		return fmt.Sprintf("opening %s: %s; %s", e.Path, cause, remedy)
	}
	return fmt.Sprintf("opening %s: %s; install a release built for this machine", e.Path, why)
}

// Unwrap answers the loader's own error.
func (e *OpenError) Unwrap() error { return e.Err }

// Is reports that the error is ErrUnusable.
func (e *OpenError) Is(target error) bool { return target == ErrUnusable }

// Open loads the file with its symbols visible to libraries opened later. The
// error is an *OpenError.
func Open(path string) (*Library, error) { return open(path, purego.RTLD_GLOBAL) }

// OpenPrivate loads the file with its symbols visible to nobody else: for a
// library that exports names of another one's. The error is an *OpenError.
func OpenPrivate(path string) (*Library, error) { return open(path, purego.RTLD_LOCAL) }

func open(path string, visibility int) (*Library, error) {
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|visibility)
	if err != nil {
		return nil, &OpenError{Path: path, Err: err}
	}
	return &Library{Path: path, handle: handle}, nil
}

// Symbol answers the address of a symbol in the library or in one that it
// links to; ok is false when there is none.
func (l *Library) Symbol(name string) (addr uintptr, ok bool) {
	addr, err := purego.Dlsym(l.handle, name)
	return addr, err == nil && addr != 0
}

// VisibleSymbol answers what the library itself gets for a symbol that it asks
// for: one that is visible to all comes before its own.
func (l *Library) VisibleSymbol(name string) (addr uintptr, ok bool) {
	if addr, err := purego.Dlsym(purego.RTLD_DEFAULT, name); err == nil && addr != 0 {
		return addr, true
	}
	return l.Symbol(name)
}

// MissingError lists every required symbol that a library lacks.
type MissingError struct {
	Path string
	// Version is what the library or its file name says, "" when neither does.
	Version string
	Symbols []string
}

func (e *MissingError) Error() string {
	version := e.Version
	if version == "" {
		version = "unknown version"
	}
	const shown = 3
	some, more := e.Symbols, ""
	if len(some) > shown {
		some, more = some[:shown], fmt.Sprintf(" and %d more, which 'assay doctor' lists", len(e.Symbols)-shown)
	}
	return fmt.Sprintf("%s (%s) lacks %d required symbols: %s%s",
		e.Path, version, len(e.Symbols), strings.Join(some, ", "), more)
}

// Is reports that the error is ErrUnusable.
func (e *MissingError) Is(target error) bool { return target == ErrUnusable }

// Symbols looks every name up and answers their addresses in the same order.
// The error is one *MissingError that lists all that were not found.
func (l *Library) Symbols(names ...string) ([]uintptr, error) {
	addrs := make([]uintptr, len(names))
	var missing []string
	for i, name := range names {
		addr, ok := l.Symbol(name)
		if !ok {
			missing = append(missing, name)
		}
		addrs[i] = addr
	}
	if missing != nil {
		return nil, &MissingError{Path: l.Path, Version: FileVersion(l.Path), Symbols: missing}
	}
	return addrs, nil
}

// SHA256 answers the hexadecimal digest of a file.
func SHA256(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("hashing a library: %w", err)
	}
	defer file.Close()
	digest := sha256.New()
	if _, err := io.Copy(digest, file); err != nil {
		return "", fmt.Errorf("hashing %s: %w", path, err)
	}
	return hex.EncodeToString(digest.Sum(nil)), nil
}

// File answers the library that an address lies in, "" when the system's loader
// does not say.
func File(addr uintptr) string {
	dladdr, err := purego.Dlsym(purego.RTLD_DEFAULT, "dladdr")
	if err != nil || dladdr == 0 {
		return ""
	}
	// Dl_info of dlfcn.h: dli_fname, dli_fbase, dli_sname, dli_saddr.
	info := new([4]uintptr)
	if found, _, _ := purego.SyscallN(dladdr, addr, uintptr(unsafe.Pointer(info))); int32(found) == 0 || info[0] == 0 {
		return ""
	}
	return unix.BytePtrToString(*(**byte)(unsafe.Pointer(info)))
}
