package line

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Interactive says whether somebody is there to answer.
func (s Streams) Interactive() bool {
	return isTerminal(s.In)
}

// Streams are the standard streams of one invocation. Standard output is data;
// progress, hints and errors go to err.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
}

// Drawing is standard error for what moves a terminal's cursor, and nil where it is
// none.
func (s Streams) Drawing() io.Writer {
	to := s.Err
	if l, ok := to.(*lines); ok {
		to = l.to
	}
	if !isTerminal(to) {
		return nil
	}
	return to
}

// Coloured says that standard output is a terminal whose user wants colours.
func (s Streams) Coloured() bool {
	return isTerminal(s.Out) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	return err == nil
}
