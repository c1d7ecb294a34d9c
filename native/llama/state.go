package llama

import (
	"fmt"
	"unsafe"
)

// StateSize is the number of bytes that StateGet answers for a sequence.
func (c *Context) StateSize(seq int) int64 {
	return int64(call(c.lib.fn.stateSize, c.handle, uintptr(seq)))
}

// StateGet copies what the cache holds of a sequence.
func (c *Context) StateGet(seq int) ([]byte, error) {
	state := make([]byte, c.StateSize(seq))
	if len(state) == 0 {
		return nil, &CallError{Call: fmt.Sprintf("saving sequence %d", seq), Lines: c.lib.log.Tail(3)}
	}
	n := call(c.lib.fn.stateGet, c.handle, uintptr(unsafe.Pointer(&state[0])), uintptr(len(state)), uintptr(seq))
	if n == 0 || int(n) > len(state) {
		return nil, &CallError{Call: fmt.Sprintf("saving sequence %d", seq), Lines: c.lib.log.Tail(3)}
	}
	return state[:n], nil
}

// StateSet puts a saved state back, into the same or another sequence.
func (c *Context) StateSet(seq int, state []byte) error {
	if len(state) == 0 {
		return fmt.Errorf("restoring sequence %d: the state is empty", seq)
	}
	if call(c.lib.fn.stateSet, c.handle, uintptr(unsafe.Pointer(&state[0])), uintptr(len(state)), uintptr(seq)) == 0 {
		return &CallError{Call: fmt.Sprintf("restoring sequence %d", seq), Lines: c.lib.log.Tail(3)}
	}
	return nil
}
