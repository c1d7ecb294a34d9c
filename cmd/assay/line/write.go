package line

import (
	"bytes"
	"fmt"
	"io"

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
	if err := home.WriteFile(name, text); err != nil {
		return err
	}
	fmt.Fprintf(s.Err, "wrote %s\n", name)
	return nil
}
