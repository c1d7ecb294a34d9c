package worker

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"assay/harness/failure"
	"assay/harness/home"
	"assay/results/figure"
)

// logLines is how many of the library's last lines a failed case keeps.
const logLines = 20

// Error is a worker that did not bring its case home. It costs that case.
type Error struct {
	Reason string
	// Log holds the last lines that the library printed.
	Log []string
	// Missing are the symbols that the library lacks.
	Missing []string

	noRuntime bool
}

func (e *Error) Error() string { return e.Reason }

// NoRuntime says whether the reason is that no usable library was found.
func (e *Error) NoRuntime() bool { return e.noRuntime }

// Spawner starts workers.
type Spawner struct {
	// Command is the program and its first arguments, "assay worker".
	Command []string
	// Timeout is how long a worker may go without a message.
	Timeout time.Duration
	// Env are variables, "NAME=value", that a worker gets beside this program's own.
	Env []string
}

// Run starts one worker, hands it the request and waits for its outcome. each
// is called for every message before the last.
func (s Spawner) Run(ctx context.Context, req Request, each func(Message)) (*Outcome, error) {
	// A worker that is silent for too long is killed through this context.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(s.Timeout, func() { cancel(errSilent) })
	defer silence.Stop()

	cmd := exec.CommandContext(ctx, s.Command[0], s.Command[1:]...)
	// An abort in ggml would start a debugger for a backtrace, and wait for it.
	cmd.Env = append(append(home.Environ(), "GGML_NO_BACKTRACE=1"), s.Env...)
	// A process group of its own: Ctrl-C reaches the run alone, which ends its workers.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = 5 * time.Second
	tail := &lineTail{keep: logLines}
	cmd.Stderr = tail
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("worker: %w", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("worker: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("worker: cannot be started: %w", err)
	}
	// The request goes out while the worker may already be dying: what matters
	// is how it ends. stdin stays open until the worker has ended, since closing it tells it to go.
	_ = json.NewEncoder(stdin).Encode(req)
	last := readMessages(stdout, func(m Message) {
		silence.Reset(s.Timeout)
		each(m)
	})
	waitErr := cmd.Wait()
	if last.Outcome != nil && waitErr == nil {
		return last.Outcome, nil
	}
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, errSilent) {
		return nil, cause
	}
	reason, log := s.reason(last, waitErr, context.Cause(ctx), tail.crash()), tail.lines()
	if means := failure.Means(append(log, reason)...); means != "" {
		reason = means + " (" + reason + ")"
	}
	return nil, &Error{
		Reason:    reason,
		Log:       log,
		Missing:   last.Missing,
		noRuntime: last.NoRuntime,
	}
}

var errSilent = errors.New("silent for too long")

// maxMessage bounds one line of a worker. The message with the most in it, a
// record's measurements of a model of 1,000 layers, needs less than 1 MiB.
const maxMessage = 64 << 20

// readMessages hands on each message but the last, which it returns. A line
// that is no message is the library's own and is passed over. One that is too
// long to be read is a fault of the worker if it is a message.
func readMessages(r io.Reader, each func(Message)) Message {
	lines := bufio.NewReaderSize(r, 64<<10)
	var last Message
	for {
		line, cut, err := nextLine(lines)
		var m Message
		switch {
		case cut && bytes.HasPrefix(line, []byte("{")):
			last.Error = fmt.Sprintf("the worker sent a message of more than %s, which is not read", figure.Bytes(maxMessage))
		case cut || json.Unmarshal(line, &m) != nil:
		case m.Outcome != nil || m.Error != "":
			last = m
		default:
			each(m)
			if m.Phase != "" { // a sample names none: the phase goes on
				last.Phase = m.Phase
			}
		}
		if err != nil {
			return last
		}
	}
}

// nextLine reads to the end of a line, whatever its length: a worker whose line
// is not read waits for ever. Of a longer one than maxMessage it returns the
// beginning, and that it was cut.
func nextLine(r *bufio.Reader) (line []byte, cut bool, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) <= maxMessage {
			line = append(line, part...)
		} else {
			cut = true
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, cut, err
		}
	}
}

// reason says in one sentence how the worker ended.
func (s Spawner) reason(last Message, waitErr, cause error, crash string) string {
	during := ""
	if last.Phase != "" {
		during = " while " + last.Phase
	}
	var exit *exec.ExitError
	switch {
	case last.Error != "":
		return last.Error
	case errors.Is(cause, errSilent):
		return fmt.Sprintf("the worker gave no sign of life for %s%s and was killed", s.Timeout, during)
	case errors.As(waitErr, &exit):
		status, ok := exit.Sys().(syscall.WaitStatus)
		if ok && status.Signaled() {
			return fmt.Sprintf("the worker was ended by %s%s%s", signalName(status.Signal()), during, memoryHint(status.Signal()))
		}
		if crash != "" {
			return fmt.Sprintf("the worker crashed with %s%s", crash, during)
		}
		return fmt.Sprintf("the worker exited with status %d%s", exit.ExitCode(), during)
	case waitErr != nil:
		return fmt.Sprintf("the worker failed%s: %v", during, waitErr)
	default:
		return "the worker ended without a result" + during
	}
}

// crashLine is what Go's runtime prints when a signal ends the process: it
// catches those that a native library's fault raises.
var crashLine = regexp.MustCompile(`^(fatal error|SIG[A-Z]+): `)

func signalName(sig syscall.Signal) string {
	if name := unix.SignalName(sig); name != "" {
		return name + " (" + sig.String() + ")"
	}
	return "signal " + sig.String()
}

func memoryHint(sig syscall.Signal) string {
	if sig == syscall.SIGKILL {
		return "; the system does this when memory runs out"
	}
	return ""
}

// lineTail is a writer that keeps the last lines written to it, up to the line
// with which Go's runtime announces a crash: the stacks that it prints after it
// say nothing of the library.
type lineTail struct {
	keep      int
	mu        sync.Mutex
	done      []string
	partial   []byte
	crashedBy string
}

// maxLine bounds what a library that never ends its line can make us keep.
const maxLine = 4096

func (t *lineTail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, b := range p {
		if t.crashedBy != "" {
			break
		}
		if b == '\n' || len(t.partial) == maxLine {
			t.end(strings.TrimRight(string(t.partial), "\r"))
			t.partial = t.partial[:0]
		}
		if b != '\n' {
			t.partial = append(t.partial, b)
		}
	}
	return len(p), nil
}

func (t *lineTail) end(line string) {
	if crashLine.MatchString(line) {
		t.crashedBy = line
		return
	}
	t.done = append(t.done, line)
	t.done = t.done[max(0, len(t.done)-t.keep):]
}

func (t *lineTail) crash() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.crashedBy
}

func (t *lineTail) lines() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := slices.Clone(t.done)
	if len(t.partial) > 0 {
		lines = append(lines, string(t.partial))
	}
	return lines
}

// Self is the command that starts this very program as a worker.
func Self() ([]string, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("cannot tell where this program is, to start workers: %w", err)
	}
	return []string{exe, "worker"}, nil
}
