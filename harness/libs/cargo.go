package libs

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
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
	"assay/native/dylib"
)

// Crate is a package of cargo's registry at one version, and the hash of its
// archive.
type Crate struct{ Name, Version, SHA256 string }

// fetch makes cargo download the crate into its own cache and returns the
// archive's path. cargo has no command for one crate alone: an empty crate that
// depends on it is made in a folder below work, and nothing of it is built.
func (c Crate) fetch(ctx context.Context, cargo, work string) (string, error) {
	folder := filepath.Join(work, c.Name)
	if err := placeFile(filepath.Join(folder, "src", "lib.rs"), strings.NewReader("")); err != nil {
		return "", err
	}
	manifest := fmt.Sprintf("[package]\nname = \"fetch\"\nversion = \"0.0.0\"\n[dependencies]\n%s = \"=%s\"\n[workspace]\n", c.Name, c.Version)
	if err := placeFile(filepath.Join(folder, "Cargo.toml"), strings.NewReader(manifest)); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, cargo, "fetch", "--quiet")
	cmd.Env = home.Environ()
	cmd.Dir = folder
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("cargo fetch of %s %s: %w", c.Name, c.Version, said(stderr.String(), "error: ", err))
	}
	return c.archive()
}

// archive finds the crate in cargo's cache and checks its hash.
func (c Crate) archive() (string, error) {
	home := os.Getenv("CARGO_HOME")
	if home == "" {
		user, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("finding cargo's folder (set CARGO_HOME): %w", err)
		}
		home = filepath.Join(user, ".cargo")
	}
	found, err := filepath.Glob(filepath.Join(home, "registry", "cache", "*", c.Name+"-"+c.Version+".crate"))
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("cargo fetched %s %s, but it is not in %s; set CARGO_HOME to cargo's folder", c.Name, c.Version, home)
	}
	for _, file := range found { // one for each registry that was ever used
		if err = checkSHA256(file, c.SHA256); err == nil {
			return file, nil
		}
	}
	return "", err
}

// checkSHA256 says whether a file is the one that was pinned.
func checkSHA256(file, want string) error {
	got, err := dylib.SHA256(file)
	if err == nil && got != want {
		err = fmt.Errorf("%s: the hash is %s instead of the pinned %s: it was altered on the way, and is not used", filepath.Base(file), got, want)
	}
	return err
}

// unpack writes the files for which target names a path; it is given their names
// below the crate's own folder.
func (c Crate) unpack(archive string, target func(name string) string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	zr, err := gzip.NewReader(f)
	if err == nil {
		err = untar(tar.NewReader(io.LimitReader(zr, maxUnpacked)), func(name string) string {
			return target(strings.TrimPrefix(name, c.Name+"-"+c.Version+"/"))
		})
	}
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(archive), err)
	}
	return nil
}

// untar writes the regular files for which target names a path.
func untar(tr *tar.Reader, target func(name string) string) error {
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := target(h.Name)
		if name == "" || h.Typeflag != tar.TypeReg || !filepath.IsLocal(h.Name) {
			continue
		}
		if err := placeFile(name, tr); err != nil {
			return err
		}
	}
}
