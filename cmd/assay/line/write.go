package line

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"assay/harness/failure"
	"assay/harness/home"
)

// WriteFile writes a file, or nothing where no name was given.
func WriteFile(name string, write func(io.Writer) error) error {
	if name == "" {
		return nil
	}
	var text bytes.Buffer
	if err := write(&text); err != nil {
		return err
	}
	if err := takesFile(name); err != nil {
		return err
	}
	return home.WriteFile(name, text.Bytes())
}

// WriteOut writes a file and says so, or standard output for "-". An empty
// name is the usual one.
func WriteOut(s Streams, name, usual string, text []byte) error {
	if name == "-" || name == "" && usual == "" {
		_, err := s.Out.Write(text)
		return err
	}
	if name == "" {
		name = usual
	}
	if err := takesFile(name); err != nil {
		return err
	}
	if err := home.WriteFile(name, text); err != nil {
		return err
	}
	fmt.Fprintf(s.Err, "wrote %s\n", name)
	return nil
}

// takesFile says why no file of that name can be written: it is a folder, or in none.
func takesFile(name string) error {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return failure.Input(fmt.Errorf("%q is a folder; name a file to write", name))
	}
	dir := filepath.Dir(name)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return failure.Input(fmt.Errorf("%q: there is no folder %s; make it first, or name another file", name, dir))
	}
	return nil
}

// TakesFolder says why nothing can be written into a folder of that name: it is a file.
func TakesFolder(name string) error {
	if info, err := os.Stat(name); err == nil && !info.IsDir() {
		return failure.Input(fmt.Errorf("%q is a file; name a folder to write into", name))
	}
	return nil
}
