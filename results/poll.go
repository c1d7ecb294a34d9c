package results

import (
	"encoding/json"
	"fmt"
)

// usualPoll is ggml's own (ggml_threadpool_params_init, ggml.c of v0.5.0), in percent.
const usualPoll = 50

// Poll is how long waiting threads spin, as its distance from the usual: a record that
// says nothing of it has that. Records have it in percent.
type Poll int

func pollOf(percent int) Poll { return Poll(percent - usualPoll) }

// Percent is what ggml takes, 0 to 100.
func (p Poll) Percent() int { return int(p) + usualPoll }

// MarshalJSON writes the percentage.
func (p Poll) MarshalJSON() ([]byte, error) { return json.Marshal(p.Percent()) }

// UnmarshalJSON reads a percentage.
func (p *Poll) UnmarshalJSON(raw []byte) error {
	var percent int
	if err := json.Unmarshal(raw, &percent); err != nil {
		return fmt.Errorf("poll: %w", err)
	}
	*p = pollOf(percent)
	return nil
}
