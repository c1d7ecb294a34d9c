package libs

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// maxUnpacked is far above any release (30 MB), so that a wrong archive cannot
// fill the disk.
const maxUnpacked = 512 << 20

// unpack checks the archive of an npm package against its hash and writes its
// libraries and its licence into the new folder, without sub-folders.
func unpack(archive, integrity, folder string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := verify(f, integrity); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(archive), err)
	}
	zr, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(archive), err)
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	n, err := extract(tar.NewReader(io.LimitReader(zr, maxUnpacked)), folder)
	if err == nil && n == 0 {
		err = errors.New("holds no library")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(archive), err)
	}
	return nil
}

// verify reads f to its end, compares its hash, and goes back to the start.
func verify(f io.ReadSeeker, integrity string) error {
	hash := sha512.New()
	if _, err := io.Copy(hash, f); err != nil {
		return err
	}
	if got := "sha512-" + base64.StdEncoding.EncodeToString(hash.Sum(nil)); got != integrity {
		return fmt.Errorf("the hash is %s instead of the pinned %s: it was altered on the way, and is not used", got, integrity)
	}
	_, err := f.Seek(0, io.SeekStart)
	return err
}

// extract writes the files that are wanted and returns the number of libraries.
func extract(tr *tar.Reader, folder string) (libraries int, err error) {
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return libraries, nil
		}
		if err != nil {
			return libraries, err
		}
		name := path.Base(h.Name)
		library := slices.Contains([]string{".so", ".dylib", ".metallib", ".metal"}, path.Ext(name)) && strings.HasPrefix(h.Name, "package/bins/")
		if h.Typeflag != tar.TypeReg || !library && h.Name != "package/LICENSE" {
			continue
		}
		if err := writeFile(filepath.Join(folder, name), tr); err != nil {
			return libraries, err
		}
		if library {
			libraries++
		}
	}
}

func writeFile(name string, r io.Reader) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}
