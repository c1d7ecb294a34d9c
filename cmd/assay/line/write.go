package line

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// WriteFile writes a file, or nothing where no name was given.
func WriteFile(name string, write func(io.Writer) error) error {
	if name == "" {
		return nil
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
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
	if err := os.WriteFile(name, text, 0o644); err != nil {
		return err
	}
	fmt.Fprintf(s.Err, "wrote %s\n", name)
	return nil
}
