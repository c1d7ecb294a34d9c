package llama

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"assay/native/dylib"

	"github.com/stretchr/testify/require"
)

// bareLoop is what a C program does: decode and wait, nothing else. It gets the
// library's functions and a context, so that both sides run the same.
const bareLoop = `
#include <stdint.h>
struct batch { int32_t n; int32_t *token; void *embd, *pos, *n_seq_id, *seq_id, *logits; };
int bare(int (*decode)(void *, struct batch), void (*sync)(void *), void *ctx, int32_t *tokens, int64_t size, int64_t steps) {
	for (int64_t i = 0; i < steps; i++) {
		struct batch one = {(int32_t) size, tokens};
		int status = decode(ctx, one);
		if (status != 0) return status;
		sync(ctx);
	}
	return 0;
}`

// BenchmarkOverhead runs batches through the binding and through a loop in C,
// in turns, in the same process and context. The model is the file that
// ASSAY_BENCH_MODEL names. Compared is the processor time of one thread, which
// other load on the machine disturbs least, and reported the median of the
// turns' ratios.
//
//	ASSAY_BENCH_MODEL=model.gguf go test ./native/llama -run '^$' -bench Overhead -benchtime 20x
func BenchmarkOverhead(b *testing.B) {
	path := os.Getenv("ASSAY_BENCH_MODEL")
	if path == "" {
		b.Skip("ASSAY_BENCH_MODEL names no model")
	}
	file, err := Find()
	require.NoError(b, err)
	lib, err := Open(file)
	require.NoError(b, err)
	bare := buildBareLoop(b)
	model, err := lib.LoadModel(path, ModelParams{})
	require.NoError(b, err)
	defer model.Close()
	for _, test := range []struct {
		name        string
		size, steps int
	}{{"decode", 1, 16}, {"prefill", 32, 1}} {
		b.Run(test.name, func(b *testing.B) {
			ctx, err := model.NewContext(ContextParams{NCtx: 256, NThreads: 1})
			require.NoError(b, err)
			defer ctx.Close()
			tokens := make([]int32, test.size)
			inC := func() error {
				if call(bare, lib.fn.decode, lib.fn.synchronize, ctx.handle,
					uintptr(unsafe.Pointer(&tokens[0])), uintptr(test.size), uintptr(test.steps)) != 0 {
					return errors.New("the loop in C failed")
				}
				return nil
			}
			inGo := func() error {
				for range test.steps {
					if err := ctx.Decode(tokens); err != nil {
						return err
					}
					ctx.Synchronize()
				}
				return nil
			}
			var ratios []float64
			for b.Loop() {
				ratios = append(ratios, float64(processorTime(b, ctx, inGo))/float64(processorTime(b, ctx, inC)))
			}
			slices.Sort(ratios)
			b.ReportMetric(100*(ratios[len(ratios)/2]-1), "%-overhead")
		})
	}
}

// processorTime is what the process spends on f, on an empty cache.
func processorTime(b *testing.B, ctx *Context, f func() error) time.Duration {
	b.Helper()
	ctx.ClearMemory()
	var before, after syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &before))
	err := f()
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &after))
	require.NoError(b, err)
	spent := func(r syscall.Rusage) int64 { return r.Utime.Nano() + r.Stime.Nano() }
	return time.Duration(spent(after) - spent(before))
}

func buildBareLoop(b *testing.B) uintptr {
	b.Helper()
	code := filepath.Join(b.TempDir(), "bare.c")
	require.NoError(b, os.WriteFile(code, []byte(bareLoop), 0o644))
	out, err := exec.Command("cc", "-O2", "-shared", "-fPIC", "-o", code+".so", code).CombinedOutput()
	require.NoError(b, err, string(out))
	loop, err := dylib.Open(code + ".so")
	require.NoError(b, err)
	addr, ok := loop.Symbol("bare")
	require.True(b, ok)
	return addr
}
