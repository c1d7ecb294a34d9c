package line

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
)

// Asker asks before something is written.
type Asker struct {
	s   Streams
	yes bool
	in  *bufio.Reader
}

// NewAsker asks on these streams, or, where yes is set, takes yes for the answer.
func NewAsker(s Streams, yes bool) *Asker { return &Asker{s: s, yes: yes, in: bufio.NewReader(s.In)} }

// errRefused is an answer other than yes.
var errRefused = errors.New("nothing was written, as you did not answer yes")

// Confirm waits for an answer or an interrupt.
func (a *Asker) Confirm(ctx context.Context, question string) error {
	if a.yes {
		return nil
	}
	fmt.Fprintf(a.s.Err, "\n%s [y/N] ", question)
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
