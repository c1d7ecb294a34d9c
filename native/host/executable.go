package host

import (
	"debug/macho"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
)

// Build is what a macOS program says it was built for. The system takes its
// word: Metal compiles shaders in the language of the main program's SDK.
type Build struct {
	// MinOS and SDK are versions such as 26.2.
	MinOS, SDK Version
}

// Version is a version of macOS or of its SDK.
type Version struct{ Major, Minor int }

func (v Version) String() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

// Before reports whether v is older than other.
func (v Version) Before(other Version) bool {
	return v.Major < other.Major || v.Major == other.Major && v.Minor < other.Minor
}

// ErrNoBuild says that a file names no SDK: it is no program for macOS.
var ErrNoBuild = errors.New("it names no macOS SDK")

// The load commands that name one, with the offsets of minos and sdk in them
// (mach-o/loader.h: struct build_version_command, struct version_min_command).
var versionCommands = map[uint32]struct{ minOS, sdk int }{
	0x32: {12, 16}, // LC_BUILD_VERSION
	0x24: {8, 12},  // LC_VERSION_MIN_MACOSX
}

// BuildOf reads what the program at path says. The error wraps ErrNoBuild where
// it is none for macOS, and the operating system's where it cannot be read.
func BuildOf(path string) (Build, error) {
	file, err := macho.Open(path)
	var format *macho.FormatError
	if errors.As(err, &format) {
		return Build{}, fmt.Errorf("%s: %w: %w", path, ErrNoBuild, err)
	}
	if err != nil {
		return Build{}, fmt.Errorf("reading a program's SDK: %w", err)
	}
	defer file.Close()
	for _, load := range file.Loads {
		if build, ok := buildIn(load.Raw(), file.ByteOrder); ok {
			return build, nil
		}
	}
	return Build{}, fmt.Errorf("%s: %w", path, ErrNoBuild)
}

// ThisBuild is what the running program says.
func ThisBuild() (Build, error) {
	path, err := os.Executable()
	if err != nil {
		return Build{}, fmt.Errorf("looking for the running program: %w", err)
	}
	return BuildOf(path)
}

func buildIn(load []byte, order binary.ByteOrder) (Build, bool) {
	if len(load) < 4 {
		return Build{}, false
	}
	at, ok := versionCommands[order.Uint32(load)]
	if !ok || len(load) < at.sdk+4 {
		return Build{}, false
	}
	return Build{MinOS: unpack(order.Uint32(load[at.minOS:])), SDK: unpack(order.Uint32(load[at.sdk:]))}, true
}

// unpack reads X.Y.Z as loader.h packs it: xxxx.yy.zz in nibbles.
func unpack(packed uint32) Version { return Version{int(packed >> 16), int(packed >> 8 & 0xff)} }
