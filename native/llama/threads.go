package llama

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"
)

// Threads is how the processor's threads wait and where they run, as llama-bench's
// flags of these names say it (--poll, --prio, --cpu-mask, --cpu-strict).
type Threads struct {
	// Poll is how long they spin for more work before they sleep, 0 to 100.
	Poll int
	// Priority is enum ggml_sched_priority: -1 low to 3 realtime, 0 normal.
	Priority int
	// CPUs are those that they may run on; none: all. Strict: each on one of them.
	CPUs   []int
	Strict bool
}

// MostCPUs is GGML_MAX_N_THREADS of ggml.h, for a mask and for a number of threads.
const MostCPUs = 512

// Where the members of struct ggml_threadpool_params lie (ggml.h of b6673 to v0.7.0):
// a mask of MostCPUs booleans, then these.
const (
	poolThreads  = MostCPUs
	poolPriority = poolThreads + 4
	poolPoll     = poolPriority + 4
	poolStrict   = poolPoll + 4
	poolPaused   = poolStrict + 1
	poolBytes    = poolPaused + 3
)

// threadpools are the functions by which a context gets threads that stay. Without
// them ggml makes and ends its threads for every graph, unless it is built with OpenMP.
type threadpools struct {
	attach, create, free uintptr
}

// knownThreads has the library fill the struct twice, and believes the layout where
// every member has its default, the number of threads the one that was asked for, and
// nothing behind the end was written.
func knownThreads(init uintptr) bool {
	for i, fill := range fills {
		raw := bytes.Repeat([]byte{fill}, 2*poolBytes)
		n := uint32(7 + 2*i)
		call(init, uintptr(unsafe.Pointer(&raw[0])), uintptr(n))
		want := bytes.Clone(raw)
		clear(want[:poolPaused+1])
		binary.NativeEndian.PutUint32(want[poolThreads:], n)
		binary.NativeEndian.PutUint32(want[poolPoll:], 50)
		for j := poolBytes; j < len(want); j++ {
			want[j] = fill
		}
		if !bytes.Equal(raw, want) {
			return false
		}
	}
	return true
}

// params is the struct for n threads.
func (t Threads) params(n int) []byte {
	raw := make([]byte, poolBytes)
	for _, cpu := range t.CPUs {
		raw[cpu] = 1
	}
	binary.NativeEndian.PutUint32(raw[poolThreads:], uint32(n))
	binary.NativeEndian.PutUint32(raw[poolPriority:], uint32(int32(t.Priority)))
	binary.NativeEndian.PutUint32(raw[poolPoll:], uint32(t.Poll))
	if t.Strict {
		raw[poolStrict] = 1
	}
	return raw
}

// possible refuses what ggml would leave out without a word that reaches us: it binds no
// threads on macOS (ggml_thread_apply_affinity, ggml-cpu.c of v0.5.0), and elsewhere only
// to cores that are there.
func (t Threads) possible(system string, cores int) error {
	if system == "darwin" && (t.Strict || len(t.CPUs) > 0) {
		return errors.New("macOS binds no thread to a core: leave -C and --cpu-strict out")
	}
	for _, cpu := range t.CPUs {
		if cpu >= cores {
			return fmt.Errorf("-C names core %d, and this machine has %d, from 0 on", cpu, cores)
		}
	}
	return nil
}
