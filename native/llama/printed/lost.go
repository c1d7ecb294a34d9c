package printed

import (
	"regexp"
	"strings"
)

// StepError says that a step was lost on the device although llama_decode and
// llama_synchronize returned: only the log tells (ggml_metal_synchronize,
// ggml-metal-context.m, b9093 to b11434).
type StepError struct{ Lines []string }

// compiling is what Metal prints before it compiles a pipeline, at the first
// encoding of each variant (ggml_metal_library_compile_pipeline,
// ggml-metal-device.m, 2025 to b11434).
var compiling = regexp.MustCompile(`^ggml_metal_library_compile_pipeline: compiling pipeline: base = '`)

func (e *StepError) Error() string {
	return "a step was lost on the device, whose results and time are worthless: " + strings.Join(e.Lines, "; ")
}

// StepFailed is the *StepError of what was printed while steps ran and their calls
// returned well: any line at error level. Nil where there is none.
func StepFailed(lines []Line) error {
	var said []string
	for _, line := range lines {
		if line.Level == LevelError && line.Text != "" {
			said = append(said, strings.TrimSpace(line.Text))
		}
	}
	if said == nil {
		return nil
	}
	return &StepError{Lines: said[:min(len(said), 5)]}
}

// Compiled counts the pipelines that were compiled: a time with one in it is no
// time of the work.
func Compiled(lines []Line) int {
	n := 0
	for _, line := range lines {
		if compiling.MatchString(line.Text) {
			n++
		}
	}
	return n
}
