// Package document reads YAML that somebody else wrote: suites, models. It bounds what
// a text may cost before a parser sees it. It knows nothing of what a document says.
package document

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/goccy/go-yaml"
)

// What a document may have. The largest suite and the largest config known have a
// hundredth of each.
const (
	mostBytes   = 4 << 20
	deepest     = 64
	mostAliases = 24
)

// ReadFile reads a file that has an end: not a pipe, which would be waited for, nor a
// device, nor more than a document may have.
func ReadFile(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%q is a folder", path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%q is no regular file", path)
	}
	text, err := io.ReadAll(io.LimitReader(f, mostBytes+1))
	if err == nil && len(text) > mostBytes {
		err = fmt.Errorf("%q has more than %d bytes", path, mostBytes)
	}
	return text, err
}

// Check says why a text is not given to a parser, or nil: goccy/go-yaml 1.x takes
// gigabytes for 100 KB of brackets, fails on tags, and copies what an alias stands for.
func Check(text []byte) error {
	if len(text) > mostBytes {
		return fmt.Errorf("it has more than %d bytes", mostBytes)
	}
	if bytes.ContainsRune(text, 0) {
		return errors.New("it is no text")
	}
	aliases := 0
	depth := 0
	for number, line := range bytes.Split(text, []byte("\n")) {
		l := scan(string(line))
		depth = max(0, depth+l.opened)
		aliases += l.aliases
		switch {
		case l.tag:
			return fmt.Errorf("[%d:1] a tag (!) says nothing here; leave it out", number+1)
		case depth > deepest || l.deepest+depth-max(0, l.opened) > deepest || l.indent > 4*deepest:
			return fmt.Errorf("[%d:1] it is nested more than %d deep", number+1, deepest)
		case aliases > mostAliases:
			return fmt.Errorf("[%d:1] it has more than %d aliases (*)", number+1, mostAliases)
		}
	}
	return nil
}

// scanned is what matters of a line, quoted texts and comments left out.
type scanned struct {
	opened  int // brackets, less those that are closed
	deepest int // the most open at once, and the sequences and keys that begin on the line
	indent  int
	aliases int
	tag     bool
}

func scan(line string) scanned {
	var s scanned
	rest := strings.TrimLeft(line, " ")
	s.indent = len(line) - len(rest)
	for strings.HasPrefix(rest, "- ") || strings.HasPrefix(rest, "? ") {
		s.deepest++
		rest = strings.TrimLeft(rest[2:], " ")
	}
	begun := s.deepest
	var quote byte
	before := byte(' ')
	for i := 0; i < len(rest); i++ {
		c := rest[i]
		starts := strings.IndexByte(" [{,:-?", before) >= 0 // a value may begin here
		switch {
		case quote != 0:
			if c == quote && !(quote == '"' && before == '\\') {
				quote = 0
			}
		case (c == '"' || c == '\'') && starts:
			quote = c
		case c == '#' && before == ' ':
			return s
		case c == '[' || c == '{':
			s.opened++
			s.deepest = max(s.deepest, begun+s.opened)
		case c == ']' || c == '}':
			s.opened--
		case c == '*' && starts:
			s.aliases++
		case c == '!' && starts:
			s.tag = true
		}
		before = c
	}
	return s
}

// Unmarshal reads a checked text into a value, with the parser's options; a parser
// that fails on it has not understood it.
func Unmarshal(text []byte, to any, options ...yaml.DecodeOption) (err error) {
	if err := Check(text); err != nil {
		return err
	}
	defer recovered(&err)
	return yaml.UnmarshalWithOptions(text, to, options...)
}

// JSON turns a checked text into JSON, so that numbers keep their digits.
func JSON(text []byte) (out []byte, err error) {
	if err := Check(text); err != nil {
		return nil, err
	}
	defer recovered(&err)
	return yaml.YAMLToJSON(text)
}

func recovered(err *error) {
	if r := recover(); r != nil {
		*err = errors.New("it is no YAML that can be read")
	}
}
