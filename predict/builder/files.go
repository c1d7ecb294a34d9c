package builder

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// File is one file that a model is written as.
type File struct {
	Name    string
	Content []byte
}

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
		{m.ID() + ".json", config},
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

// Existing names the first of the files that is in dir already, or "".
func Existing(dir string, files []File) string {
	for _, f := range files {
		path := filepath.Join(dir, f.Name)
		if _, err := os.Lstat(path); err == nil {
			return path
		}
	}
	return ""
}

// WriteFiles writes the files into dir, which is made if need be. Over files
// that are there it writes only with force.
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
