package line

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Interactive says whether somebody is there to answer.
func (s Streams) Interactive() bool {
	in, ok := s.In.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetWinsize(int(in.Fd()), unix.TIOCGWINSZ)
	return err == nil
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
	f, ok := to.(*os.File)
	if !ok {
		return nil
	}
	if _, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ); err != nil {
		return nil
	}
	return f
}
