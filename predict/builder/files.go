package builder

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// File is one file that a model is written as.
type File struct {
	Name    string
	Content []byte
}

// ConfigFile is the config's name as a file. One whose checks did not all hold
// is called so, that nobody takes it for a validated one.
func (m Model) ConfigFile() string {
	if m.Valid() {
		return m.ID() + validSuffix
	}
	return m.ID() + invalidSuffix
}

const (
	validSuffix   = ".json"
	invalidSuffix = ".unvalidated.json"
)

// Files are the config, the tensor table, the validation report and a report
// for each gap, in this order.
func (m Model) Files() ([]File, error) {
	config, err := m.Config().JSON()
	if err != nil {
		return nil, err
	}
	var table, report bytes.Buffer
	if err := errors.Join(m.WriteCSV(&table), m.WriteReport(&report)); err != nil {
		return nil, err
	}
	out := []File{
		{m.ConfigFile(), config},
		{m.ID() + ".tensors.csv", table.Bytes()},
		{m.ID() + ".validation.md", report.Bytes()},
	}
	for _, g := range m.Gaps {
		var b bytes.Buffer
		if err := m.WriteGap(&b, g); err != nil {
			return nil, err
		}
		out = append(out, File{m.GapFile(g), b.Bytes()})
	}
	return out, nil
}

// Existing names the first of the files that is in dir already, or "". A config
// that came out the other way before, valid or not, is one of them.
func Existing(dir string, files []File) string {
	for _, f := range files {
		for _, name := range []string{f.Name, f.otherWay()} {
			path := filepath.Join(dir, name)
			if _, err := os.Lstat(path); name != "" && err == nil {
				return path
			}
		}
	}
	return ""
}

// otherWay is the name of a config had its checks come out the other way; "" of
// another file.
func (f File) otherWay() string {
	if id, ok := strings.CutSuffix(f.Name, invalidSuffix); ok {
		return id + validSuffix
	}
	if id, ok := strings.CutSuffix(f.Name, validSuffix); ok {
		return id + invalidSuffix
	}
	return ""
}

// WriteFiles writes the files into dir, which is made if need be. Over files
// that are there it writes only with force; a config that came out the other
// way before is then removed, as it would stand beside its refutation.
func WriteFiles(dir string, files []File, force bool) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("the folder for the config: %w", err)
	}
	mode := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		mode = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	for _, f := range files {
		if err := f.write(dir, mode); err != nil {
			return fmt.Errorf("write the config: %w", err)
		}
		if err := f.replaceOtherWay(dir); err != nil {
			return fmt.Errorf("remove the config of before: %w", err)
		}
	}
	return nil
}

func (f File) replaceOtherWay(dir string) error {
	name := f.otherWay()
	if name == "" {
		return nil
	}
	if err := os.Remove(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (f File) write(dir string, mode int) error {
	file, err := os.OpenFile(filepath.Join(dir, f.Name), mode, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(f.Content)
	return errors.Join(err, file.Close())
}
