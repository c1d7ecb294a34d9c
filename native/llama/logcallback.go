package llama

import (
	"sync"
	"sync/atomic"

	"github.com/ebitengine/purego"

	"assay/native/llama/printed"
)

// logSink is where the process's one log callback writes to.
var logSink atomic.Pointer[printed.Log]

// logCallback answers the C function pointer for llama_log_set. Callbacks are
// never freed, so there is one for the process.
var logCallback = sync.OnceValue(func() uintptr {
	return purego.NewCallback(func(level int32, text uintptr, _ uintptr) uintptr {
		if log := logSink.Load(); log != nil {
			log.Write(printed.Level(level), goString(text))
		}
		return 0
	})
})
