package llama

import (
	"sync"
	"sync/atomic"

	"github.com/ebitengine/purego"
)

// observers holds each context's observer under the number that C carries as
// the callback's user data.
var observers struct {
	sync.RWMutex
	next atomic.Uintptr
	byID map[uintptr]observer
}

type observer struct {
	lib *Library
	// eval sees every node before it is computed, chosen some of them afterwards.
	eval, chosen func(Node)
}

func registerObserver(o observer) uintptr {
	id := observers.next.Add(1)
	observers.Lock()
	defer observers.Unlock()
	if observers.byID == nil {
		observers.byID = map[uintptr]observer{}
	}
	observers.byID[id] = o
	return id
}

func forgetObserver(id uintptr) {
	observers.Lock()
	defer observers.Unlock()
	delete(observers.byID, id)
}

// flagCompute is GGML_TENSOR_FLAG_COMPUTE of ggml.h (b8121 and later).
const flagCompute = 16

// evalCallback answers the C function pointer for cb_eval, one for the process.
// The scheduler asks for every node, before it computes, whether its result is
// wanted (ggml_backend_sched_compute_splits in ggml-backend.cpp), and hands out
// those that are; where none is the graph runs in one piece, as it does without
// a callback. Nodes of branches that were not chosen are in the graph too, but
// not computed.
var evalCallback = sync.OnceValue(func() uintptr {
	return purego.NewCallback(func(t *tensor, ask bool, id uintptr) bool {
		observers.RLock()
		o, ok := observers.byID[id]
		observers.RUnlock()
		if !ok {
			return !ask // nobody wants a result; go on after one
		}
		return o.see(Node{lib: o.lib, t: t}, ask)
	})
})

// see answers whether the node's result is wanted, or, when it is there, that
// the graph should go on.
func (o observer) see(n Node, ask bool) bool {
	if !ask {
		o.chosen(n)
		return true
	}
	if o.lib.flagsComputed && n.t.flags&flagCompute == 0 {
		return false
	}
	o.eval(n)
	_, routed := ofExperts[n.Op()]
	return routed && o.chosen != nil
}
