package llama

import (
	"fmt"
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

// bareStep is what a C program's loop does: decode and wait, nothing else. It
// gets the library's functions and a context, so that both sides run the same.
const bareStep = `
#include <stdint.h>
struct batch { int32_t n; int32_t *token; void *embd, *pos, *n_seq_id, *seq_id, *logits; };
int bare(int (*decode)(void *, struct batch), void (*sync)(void *), void *ctx, int32_t *tokens, int64_t size) {
	struct batch one = {(int32_t) size, tokens};
	int status = decode(ctx, one);
	sync(ctx);
	return status;
}`

// BenchmarkOverhead runs batches by the binding and from C, in turns, in the
// same process and context. The model is the file that ASSAY_BENCH_MODEL names.
// Compared is the processor time of one thread, which other load on the machine
// disturbs least, and reported the median of the turns' ratios.
//
//	ASSAY_BENCH_MODEL=model.gguf go test ./native/llama -run '^$' -bench Overhead -benchtime 300x
func BenchmarkOverhead(b *testing.B) {
	path := os.Getenv("ASSAY_BENCH_MODEL")
	if path == "" {
		b.Skip("ASSAY_BENCH_MODEL names no model")
	}
	file, err := Find()
	require.NoError(b, err)
	lib, err := Open(file)
	require.NoError(b, err)
	bare := buildBareStep(b)
	model, err := lib.LoadModel(path, ModelParams{})
	require.NoError(b, err)
	defer model.Close()
	for name, size := range map[string]int{"decode": 1, "prefill": 32} {
		b.Run(name, func(b *testing.B) {
			ctx, err := model.NewContext(ContextParams{NCtx: 512, NThreads: 1})
			require.NoError(b, err)
			defer ctx.Close()
			tokens := make([]int32, size)
			inC := func() error {
				if status := call(bare, lib.fn.decode, lib.fn.synchronize, ctx.handle,
					uintptr(unsafe.Pointer(&tokens[0])), uintptr(size)); status != 0 {
					return fmt.Errorf("llama_decode answered %d", int32(status))
				}
				return nil
			}
			inGo := func() error {
				err := ctx.Decode(tokens)
				ctx.Synchronize()
				return err
			}
			reportOverhead(b, ctx, size, inGo, inC)
		})
	}
}

// reportOverhead takes turns on a cache that is emptied when it is full; each
// side is first in every other turn.
func reportOverhead(b *testing.B, ctx *Context, size int, inGo, inC func() error) {
	var ratios []float64
	used := ctx.NCtx()
	for b.Loop() {
		if used+2*size > ctx.NCtx() {
			ctx.ClearMemory()
			used = 0
		}
		used += 2 * size
		var spentGo, spentC time.Duration
		if len(ratios)%2 == 0 {
			spentGo, spentC = processorTime(b, inGo), processorTime(b, inC)
		} else {
			spentC, spentGo = processorTime(b, inC), processorTime(b, inGo)
		}
		ratios = append(ratios, float64(spentGo)/float64(spentC))
	}
	slices.Sort(ratios)
	b.ReportMetric(100*(ratios[len(ratios)/2]-1), "%-overhead")
}

// processorTime is what the process spends on f.
func processorTime(b *testing.B, f func() error) time.Duration {
	var before, after syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &before))
	err := f()
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &after))
	require.NoError(b, err)
	spent := func(r syscall.Rusage) int64 { return r.Utime.Nano() + r.Stime.Nano() }
	return time.Duration(spent(after) - spent(before))
}

func buildBareStep(b *testing.B) uintptr {
	b.Helper()
	code := filepath.Join(b.TempDir(), "bare.c")
	require.NoError(b, os.WriteFile(code, []byte(bareStep), 0o644))
	out, err := exec.Command("cc", "-O2", "-shared", "-fPIC", "-o", code+".so", code).CombinedOutput()
	require.NoError(b, err, string(out))
	lib, err := dylib.Open(code + ".so")
	require.NoError(b, err)
	addr, ok := lib.Symbol("bare")
	require.True(b, ok)
	return addr
}
