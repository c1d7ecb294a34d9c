package llama

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"assay/native/llama/printed"
)

// flashSaid are llama_context's words for a setting of flash attention.
var flashSaid = map[string]string{"enabled": "on", "disabled": "off", "auto": "auto", "1": "on", "0": "off"}

// honoured compares the struct that was passed with what the library answers that
// it set, so that one whose members have changed places is found where the
// evidence of its bytes is the same. Settings that have no getter are compared
// with what it printed.
func (c *Context) honoured(p ContextParams, passed *block) error {
	l := c.lib.contextLayout
	read := func(name string) int {
		f, ok := l.find(name)
		if !ok {
			return 0
		}
		return int(int32(passed.get(f)))
	}
	ctx, batch, ubatch, seqs := read("n_ctx"), read("n_batch"), read("n_ubatch"), read("n_seq_max")
	if ubatch == 0 {
		ubatch = batch
	}
	for _, setting := range []struct {
		name        string
		passed, got int
		ok          bool
	}{
		{"n_seq_max", seqs, c.NSeqMax(), c.NSeqMax() == max(seqs, 1)},
		// The library rounds n_ctx up to 256 cells, for all and again for each sequence.
		{"n_ctx", ctx, c.NCtx(), ctx == 0 || c.NCtx() >= ctx && c.NCtx() < ctx+256*(max(seqs, 1)+1)},
		// It bounds the batches by the context as it was asked for or as it was rounded
		// up; b6673 takes none below 64 (GGML_KQ_MASK_PAD in llama-context.cpp).
		{"n_batch", batch, c.nBatch, slices.Contains([]int{batch, min(batch, c.NCtx()), min(batch, ctx), max(min(batch, ctx), 64)}, c.nBatch)},
		{"n_ubatch", ubatch, c.NUbatch(), c.NUbatch() == min(ubatch, c.nBatch)},
		{"n_threads", read("n_threads"), c.number(c.lib.fn.nThreads), c.number(c.lib.fn.nThreads) == read("n_threads")},
		{"n_threads_batch", read("n_threads_batch"), c.number(c.lib.fn.nThreadsBatch),
			c.number(c.lib.fn.nThreadsBatch) == read("n_threads_batch")},
	} {
		if !setting.ok {
			return &CallError{Call: fmt.Sprintf("passing %s %d to llama.cpp %s, which set %d,",
				setting.name, setting.passed, c.lib.version, setting.got)}
		}
	}
	return p.honouredIn(c.report, c.lib.version)
}

// honouredIn compares what was asked for with what the library printed of it,
// where no function tells. What was not printed is not judged.
func (p ContextParams) honouredIn(r printed.Report, version string) error {
	said := map[string]string{"kv_unified": r.Settings["kv_unified"], "flash_attn": flashSaid[r.Settings["flash_attn"]]}
	if len(r.Caches) > 0 && !r.Caches[0].Recurrent {
		said["type_k"], said["type_v"] = r.Caches[0].TypeK, r.Caches[0].TypeV
	}
	if windowed := slices.IndexFunc(r.Caches, func(c printed.CacheReport) bool {
		return !c.Recurrent &&
			c.Cells < r.Caches[0].Cells
	}); windowed > 0 {
		said["swa_full"] = "false"
	} else if r.FullWindows {
		said["swa_full"] = "true"
	}
	asked := []struct{ name, asked string }{
		{"kv_unified", strconv.FormatBool(p.KVUnified)}, {"type_k", p.TypeK}, {"type_v", p.TypeV},
		{"swa_full", strconv.FormatBool(p.SWAFull)},
	}
	if !r.FlashForced && (p.FlashAttn == On || p.FlashAttn == Off) {
		asked = append(asked, struct{ name, asked string }{"flash_attn", string(p.FlashAttn)})
	}
	for _, setting := range asked {
		if got := said[setting.name]; setting.asked != "" && got != "" && got != setting.asked {
			return &CallError{Call: fmt.Sprintf("passing %s %s to llama.cpp %s, which set %s,", setting.name, setting.asked, version, got)}
		}
	}
	at := slices.IndexFunc(r.Buffers, func(b printed.BufferReport) bool { return b.Kind == "KV" && !strings.HasPrefix(b.Device, "CPU") })
	if p.NoOffloadKQV && at >= 0 {
		return &CallError{Call: fmt.Sprintf("passing offload_kqv false to llama.cpp %s, which put the cache on %s,",
			version, r.Buffers[at].Device)}
	}
	return nil
}
