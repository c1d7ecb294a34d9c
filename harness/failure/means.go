package failure

import "strings"

// known are what Metal says of a command buffer that failed, and what runtimes
// say of memory that they could not have (MTLCommandBufferError as both llama.cpp and
// MLX print it; mlx/backend/metal/allocator.cpp, v0.30.6 to v0.32.1), and what llama.cpp aborts with
// (src/llama-context.cpp, v0.5.0), each with what it means.
var known = []struct{ words, means string }{
	{"kIOGPUCommandBufferCallbackErrorOutOfMemory", tooLarge},
	{"Insufficient Memory", tooLarge},
	{"which is greater than the maximum allowed buffer size", tooLarge},
	{"[metal::malloc] Resource limit", tooLarge},
	{"[malloc] Unable to allocate", tooLarge},
	{"Caused GPU Timeout Error", tooSlow},
	{"Impacting Interactivity", tooSlow},
	{"Invalid Resource", lost},
	{"Internal Error (0000000e", lost},
	{"for causing prior/excessive GPU errors", lost},
	{"encoder requires n_ubatch >= n_tokens", atOnce},
}

const (
	tooLarge = "it does not fit in the GPU's memory; choose a smaller model, context, batch or type"
	tooSlow  = "one piece of work took the GPU too long; choose a smaller batch or context, and leave the screen alone"
	atOnce   = "this model takes all tokens of a prompt at once; give -ub (n_ubatch) as many as -p and -d together, or a shorter prompt"
	lost     = "the GPU was lost to an error of its driver; run it again, and report it to the runtime's people if it comes back"
)

// Means says what words of a library or a device mean, looked for in what a process
// printed or reported; "" where there are none of them.
func Means(lines ...string) string {
	for _, line := range lines {
		for _, d := range known {
			if strings.Contains(line, d.words) {
				return d.means
			}
		}
	}
	return ""
}
