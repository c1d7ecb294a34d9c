package libs

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
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

// unpackNPM checks the archive of an npm package against its hash and writes its
// libraries and its licence into the new folder, without sub-folders.
func unpackNPM(archive, integrity, folder string) error {
	if err := checkHash(archive, integrity); err != nil {
		return err
	}
	libraries := 0
	err := untar(archive, func(name string) string {
		library := slices.Contains([]string{".so", ".dylib", ".metallib", ".metal"}, path.Ext(name)) && strings.HasPrefix(name, "package/bins/")
		if !library && name != "package/LICENSE" {
			return ""
		}
		if library {
			libraries++
		}
		return filepath.Join(folder, path.Base(name))
	})
	if err == nil && libraries == 0 {
		err = fmt.Errorf("%s: holds no library", filepath.Base(archive))
	}
	return err
}

// checkHash says whether a file is the one that was pinned: by the SHA-512 that
// npm reports, "sha512-" and base64, or by the SHA-256 in hexadecimal digits that
// PyPI and cargo report.
func checkHash(file, want string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	const npm = "sha512-"
	sum := sha256.New()
	if strings.HasPrefix(want, npm) {
		sum = sha512.New()
	}
	if _, err := io.Copy(sum, f); err != nil {
		return err
	}
	got := hex.EncodeToString(sum.Sum(nil))
	if strings.HasPrefix(want, npm) {
		got = npm + base64.StdEncoding.EncodeToString(sum.Sum(nil))
	}
	if got != want {
		return fmt.Errorf("%s: the hash is %s instead of the pinned %s: it was altered on the way, and is not used", filepath.Base(file),
			got, want)
	}
	return nil
}

// onlyFile is the path of the one file in folder: package managers' names for
// archives change.
func onlyFile(folder string) (string, error) {
	files, err := os.ReadDir(folder)
	if err != nil {
		return "", err
	}
	if len(files) != 1 {
		return "", fmt.Errorf("it left %d files instead of one archive", len(files))
	}
	return filepath.Join(folder, files[0].Name()), nil
}

// untar writes the regular files of a compressed archive for which target names
// a path, and nothing whose own name leads out of the archive.
func untar(archive string, target func(name string) string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	zr, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(archive), err)
	}
	tr := tar.NewReader(io.LimitReader(zr, maxUnpacked))
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(archive), err)
		}
		if h.Typeflag != tar.TypeReg || !filepath.IsLocal(h.Name) {
			continue
		}
		if name := target(h.Name); name != "" {
			if err := placeFile(name, tr); err != nil {
				return fmt.Errorf("%s: %w", filepath.Base(archive), err)
			}
		}
	}
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

// placeFile writes a new file, and the folders above it.
func placeFile(name string, r io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}
