package worker

import (
	"fmt"
	"strings"
	"testing"

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
