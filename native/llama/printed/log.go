// Package printed is what llama.cpp prints: its lines as they come, and what they say of
// memory, of kernels and devices, and of steps that were lost. It calls no library.
package printed

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// Level is enum ggml_log_level of ggml.h.
type Level int32

// The levels that the library prints at.
const (
	LevelNone Level = iota
	LevelDebug
	LevelInfo
	LevelWarn
	LevelError
	levelContinue
)

// Line is one complete line that the library printed.
type Line struct {
	Level Level
	Text  string
}

// keptLines bounds the log: a context of a model with 126 layers prints under
// a thousand lines, a model's metadata and tensors under four thousand.
const keptLines = 16384

// Log keeps the last lines that the library printed.
type Log struct {
	mu sync.Mutex
	// lines is a ring once it is full; total counts all lines ever printed.
	lines   []Line
	total   int
	level   Level
	partial strings.Builder
	echo    io.Writer
}

// Echo copies each further line above debug level to w as it is printed, so that
// it is there for others when the library ends the process.
func (l *Log) Echo(w io.Writer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.echo = w
}

// New returns a log without lines.
func New() *Log { return &Log{} }

// Mark answers a position for Since.
func (l *Log) Mark() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}

// Since answers the lines printed after the mark that are still kept.
func (l *Log) Since(mark int) []Line {
	l.mu.Lock()
	defer l.mu.Unlock()
	first := max(mark, l.total-len(l.lines))
	var lines []Line
	for i := first; i < l.total; i++ {
		lines = append(lines, l.lines[i%keptLines])
	}
	return lines
}

// Tail answers the text of the last n lines above debug level.
func (l *Log) Tail(n int) []string {
	return Last(l.Since(0), n)
}

// Last returns the text of the last n of the lines above debug level.
func Last(lines []Line, n int) []string {
	var texts []string
	for _, line := range lines {
		if line.Level != LevelDebug && line.Text != "" {
			texts = append(texts, line.Text)
		}
	}
	return texts[max(0, len(texts)-n):]
}

// Write takes a piece of text as the library hands it over: several lines, one,
// or a part of one.
func (l *Log) Write(level Level, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if level != levelContinue {
		l.level = level
	}
	for {
		line, rest, ended := strings.Cut(text, "\n")
		l.partial.WriteString(line)
		if !ended {
			return
		}
		l.append(Line{Level: l.level, Text: l.partial.String()})
		l.partial.Reset()
		text = rest
	}
}

func (l *Log) append(line Line) {
	if len(l.lines) < keptLines {
		l.lines = append(l.lines, line)
	} else {
		l.lines[l.total%keptLines] = line
	}
	l.total++
	if l.echo != nil && line.Level != LevelDebug {
		fmt.Fprintln(l.echo, line.Text)
	}
}
