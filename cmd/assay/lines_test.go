package main

import (
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lineLimit is how many characters a line of Go has at most, a tab counted as one.
const lineLimit = 140

// longLines are the lines of a source beyond the limit. One whose limit falls into a raw
// string is as long as what it quotes.
func longLines(source string) (long []int) {
	set := token.NewFileSet()
	file := set.AddFile("", set.Base(), len(source))
	var s scanner.Scanner
	s.Init(file, []byte(source), nil, 0)
	raw := make([]bool, len(source)+1)
	for {
		pos, tok, text := s.Scan()
		if tok == token.EOF {
			break
		}
		if tok == token.STRING && text[0] == '`' {
			for i := range len(text) {
				raw[file.Offset(pos)+i] = true
			}
		}
	}
	at, n := 0, 0
	for line := range strings.Lines(source) {
		n++
		if text := strings.TrimSuffix(line, "\n"); utf8.RuneCountInString(text) > lineLimit && !raw[at+len(string([]rune(text)[:lineLimit]))] {
			long = append(long, n)
		}
		at += len(line)
	}
	return long
}

func TestLinesAreShort(t *testing.T) {
	for _, path := range files(t) {
		if filepath.Ext(path) == ".go" {
			content, err := os.ReadFile(filepath.Join(root, path))
			require.NoError(t, err)
			assert.Empty(t, longLines(string(content)), "%s: break these lines before character %d", path, lineLimit)
		}
	}
	many := strings.Repeat("x", lineLimit)
	assert.Equal(t, []int{2, 3}, longLines("package x\nvar a = \""+many+"\"\n// "+many+"\nvar b = `"+many+"`\nvar c = 1\n"))
}
