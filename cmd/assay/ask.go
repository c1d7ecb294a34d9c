package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// interactive says whether somebody is there to answer.
func (s streams) interactive() bool {
	in, ok := s.in.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetWinsize(int(in.Fd()), unix.TIOCGWINSZ)
	return err == nil
}

// asker asks before something is written.
type asker struct {
	s   streams
	yes bool
	in  *bufio.Reader
}

func newAsker(s streams, yes bool) *asker { return &asker{s: s, yes: yes, in: bufio.NewReader(s.in)} }

// errRefused is an answer other than yes.
var errRefused = errors.New("nothing was written, as you did not answer yes")

// confirm waits for an answer or an interrupt.
func (a *asker) confirm(ctx context.Context, question string) error {
	if a.yes {
		return nil
	}
	fmt.Fprintf(a.s.err, "\n%s [y/N] ", question)
	answers := make(chan string, 1)
	go func() {
		line, err := a.in.ReadString('\n')
		if err != nil {
			line = "" // the end of the input is no yes
		}
		answers <- line
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case line := <-answers:
		if answer := strings.ToLower(strings.TrimSpace(line)); answer == "y" || answer == "yes" {
			return nil
		}
		return errRefused
	}
}
