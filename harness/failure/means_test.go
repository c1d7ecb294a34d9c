package failure_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/harness/failure"
)

// The six texts of Metal's errors, those of MLX's allocator, and what llama.cpp aborts
// with, as they are printed.
func TestErrorsHaveClasses(t *testing.T) {
	const failed = "libc++abi: terminating due to uncaught exception of type std::runtime_error: [METAL] Command buffer execution failed: "
	const much = "[metal::malloc] Attempting to allocate 60000000000 bytes which is greater than the maximum allowed buffer size of "
	const encoder = `llama.cpp/src/llama-context.cpp:1495: GGML_ASSERT(cparams.n_ubatch >= n_tokens && "encoder requires n_ubatch >= n_tokens")`
	for _, c := range []struct{ line, want string }{
		{failed + "Insufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)", "does not fit"},
		{failed + "Caused GPU Timeout Error (00000002:kIOGPUCommandBufferCallbackErrorTimeout)", "took the GPU too long"},
		{failed + "Impacting Interactivity (0000000e:kIOGPUCommandBufferCallbackErrorImpactingInteractivity)", "took the GPU too long"},
		{failed + "Invalid Resource (00000009:kIOGPUCommandBufferCallbackErrorInvalidResource)", "was lost"},
		{failed + "Internal Error (0000000e:Internal Error)", "was lost"},
		{failed + "Ignored (for causing prior/excessive GPU errors) (00000004:kIOGPUCommandBufferCallbackErrorSubmissionsIgnored)", "was lost"},
		{much + "22613000192 bytes.", "does not fit"},
		{"[metal::malloc] Resource limit (499000) exceeded.", "does not fit"},
		{encoder + " failed", "give -ub"},
		{"[malloc] Unable to allocate 60000000000 bytes.", "does not fit"},
	} {
		assert.Contains(t, failure.Means("loading", c.line), c.want, c.line)
	}
	assert.Empty(t, failure.Means("loading", "[matmul] Last dimension of first input with shape (3,5) must match"))
}
