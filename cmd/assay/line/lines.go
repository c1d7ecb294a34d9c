package line

import (
	"bytes"
	"io"
	"strings"

	"assay/results"
)

// lines is standard error: whatever a message quotes, no byte of it reaches a terminal
// as a command, and no line of it is one to the runner of a CI (GitHub's workflow
// commands begin with ::, after blanks too, and in an older form with ##[). Every
// message goes through it; what draws on the terminal itself, such as progress, does
// not.
type lines struct {
	to io.Writer
	// within says that a line has begun.
	within bool
}

func (l *lines) Write(text []byte) (int, error) {
	var out strings.Builder
	for rest := text; len(rest) > 0; {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		out.WriteString(l.harmless(string(line)))
		if l.within = l.within || len(line) > 0; ended {
			out.WriteByte('\n')
			l.within = false
		}
		rest = after
	}
	if _, err := io.WriteString(l.to, out.String()); err != nil {
		return 0, err
	}
	return len(text), nil
}

func (l *lines) harmless(line string) string {
	parts := strings.Split(line, "\t") // tables of text have them
	for i := range parts {
		parts[i] = results.Printable(parts[i])
	}
	line = strings.ReplaceAll(strings.Join(parts, "\t"), "##[", `#\x23[`)
	if body := strings.TrimLeft(line, " \t"); !l.within && strings.HasPrefix(body, "::") {
		line = line[:len(line)-len(body)] + `\x3a` + body[1:]
	}
	return line
}
