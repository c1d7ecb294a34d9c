package llama

import (
	"runtime"
	"unsafe"

	"assay/native/dylib"
)

// findThreadpools leaves the functions at 0 where the library lacks one of them or its
// struct is another. The backend's own are found as llama-bench finds them.
func (l *Library) findThreadpools(handle *dylib.Library) {
	addrs, err := handle.Symbols("llama_attach_threadpool", "ggml_threadpool_params_init", "ggml_backend_dev_backend_reg",
		"ggml_backend_reg_get_proc_address")
	if err != nil || !knownThreads(addrs[1]) {
		return
	}
	for i, d := range l.devices {
		if d.Type != deviceTypes[0] {
			continue
		}
		registry := call(addrs[2], call(l.fn.devGet, uintptr(i)))
		found := func(name string) uintptr {
			return call(addrs[3], registry, uintptr(unsafe.Pointer(cString(name))))
		}
		l.pools = threadpools{addrs[0], found("ggml_threadpool_new"), found("ggml_threadpool_free")}
		if l.pools.create == 0 || l.pools.free == 0 {
			l.pools = threadpools{}
		}
		return
	}
}

// attach gives the context n threads of its own; they end with it.
func (c *Context) attach(t Threads, n int) error {
	pools := c.lib.pools
	if pools.create == 0 {
		if t.Poll == 50 && t.Priority == 0 && len(t.CPUs) == 0 && !t.Strict {
			return nil // what this release's own threads do
		}
		return &UnsupportedError{Feature: "llama_attach_threadpool as it is known", Version: c.lib.version}
	}
	if err := t.possible(runtime.GOOS, runtime.NumCPU()); err != nil {
		return err
	}
	raw := t.params(n)
	if c.pool = call(pools.create, uintptr(unsafe.Pointer(&raw[0]))); c.pool == 0 {
		return &CallError{Call: "making threads", Lines: c.lib.log.Tail(5)}
	}
	call(pools.attach, c.handle, c.pool, 0)
	return nil
}
