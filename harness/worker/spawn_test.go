package worker

import (
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestLineTail(t *testing.T) {
	tail := &lineTail{keep: 3}
	for i := range 5 {
		fmt.Fprintf(tail, "line %d\r\n", i)
	}
	fmt.Fprint(tail, "not ended")
	assert.Equal(t, []string{"line 2", "line 3", "line 4", "not ended"}, tail.lines())

	endless := &lineTail{keep: 2}
	fmt.Fprint(endless, strings.Repeat("x", 3*maxLine))
	total := 0
	for _, l := range endless.lines() {
		total += len(l)
	}
	assert.LessOrEqual(t, total, 3*maxLine, "a line that never ends takes no more than what is kept")
}

func TestReadMessages(t *testing.T) {
	in := strings.NewReader("llama says hello\n" +
		`{"phase":"loading"}` + "\n\x00\n" +
		`{"sample_ns":12}` + "\n" +
		`{"outcome":{"runtime":{"name":"llama.cpp","version":"v"}}}` + "\n")
	var phases []string
	var samples []int64
	last := readMessages(in, func(m Message) {
		phases = append(phases, m.Phase)
		samples = append(samples, m.SampleNS)
	})
	assert.Equal(t, []string{"loading", ""}, phases)
	assert.Equal(t, []int64{0, 12}, samples)
	assert.Equal(t, "v", last.Outcome.Runtime.Version)

	cut := readMessages(strings.NewReader(`{"phase":"timing"}`+"\n"+`{"sample_ns":12}`+"\n"), func(Message) {})
	assert.Equal(t, "timing", cut.Phase, "a worker that dies between samples dies while timing")
}

// A message that is too long is told, not mistaken for silence; a long line of the
// library is passed over; a worker with either is read to its end.
func TestReadMessagesThatAreTooLong(t *testing.T) {
	long := func(before string) io.Reader {
		return io.MultiReader(strings.NewReader(before), io.LimitReader(endless{}, maxMessage), strings.NewReader("\n"))
	}
	last := readMessages(io.MultiReader(strings.NewReader(`{"phase":"observing"}`+"\n"), long(`{"outcome":"`)), func(Message) {})
	assert.Equal(t, "the worker sent a message of more than 64.00 MiB, which is not read", last.Error)
	assert.Equal(t, "observing", last.Phase)

	after := strings.NewReader(`{"outcome":{"runtime":{"version":"v"}}}`)
	last = readMessages(io.MultiReader(long("library: "), after), func(Message) {})
	assert.Empty(t, last.Error)
	assert.Equal(t, "v", last.Outcome.Runtime.Version, "also without an end of its line")
}

// endless is a line that does not end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// The worker's process is read to its end, however long its line is.
func TestLongMessageIsNotSilence(t *testing.T) {
	s := Spawner{Command: []string{"sh", "-c", `printf '{"x":"'; head -c 70000000 /dev/zero | tr '\0' x; echo; exit 1`}, Timeout: time.Minute}
	_, err := s.Run(t.Context(), Request{}, func(Message) {})
	assert.EqualError(t, err, "the worker sent a message of more than 64.00 MiB, which is not read")
}

func TestSignalName(t *testing.T) {
	assert.Equal(t, "SIGKILL (killed)", signalName(syscall.SIGKILL))
	assert.Equal(t, "SIGPIPE (broken pipe)", signalName(syscall.SIGPIPE))
	assert.Equal(t, "signal signal 99", signalName(syscall.Signal(99)))
}
