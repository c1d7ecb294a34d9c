package line

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// printMan writes the man page: the texts of help, each command's in a section.
func printMan(w io.Writer, commands []Command) {
	var list bytes.Buffer
	printCommands(&list, commands)
	fmt.Fprintf(w, ".TH ASSAY 1 \"\" \"assay %s\"\n.SH NAME\nassay \\- measures local LLM runtimes and sets each figure beside what is "+
		"predicted\n", roff(Revision()))
	fmt.Fprintf(w, ".SH SYNOPSIS\n.B assay\n.I COMMAND\n[arguments]\n.SH DESCRIPTION\n%s", verbatim(list.String()))
	fmt.Fprint(w, ".SH COMMANDS\n")
	for _, c := range commands {
		if c.Hidden {
			continue
		}
		fs := flag.NewFlagSet(c.Name, flag.ContinueOnError)
		c.Setup(fs)
		var help bytes.Buffer
		c.printHelp(&help, fs)
		fmt.Fprintf(w, ".SS %s\n%s", roff(strings.TrimSpace(c.Name+" "+c.Args)), verbatim(help.String()))
	}
}

// verbatim is text whose lines stay as they are.
func verbatim(text string) string {
	var out strings.Builder
	out.WriteString(".nf\n")
	for line := range strings.Lines(strings.Trim(text, "\n") + "\n") {
		out.WriteString(roff(strings.TrimSuffix(line, "\n")) + "\n")
	}
	return out.String() + ".fi\n"
}

// control is what roff takes for a command at the beginning of a line.
var control = regexp.MustCompile(`^[.']`)

// roff is a line of text in which roff sees nothing of its own.
func roff(line string) string {
	line = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(line)
	return control.ReplaceAllString(line, `\&$0`)
}
