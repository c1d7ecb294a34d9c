package llama

// Device is one processor that a backend offers.
type Device struct {
	Name        string
	Description string
	// Type is "CPU", "GPU", "IGPU", "ACCEL" or "META".
	Type string
	// MemoryFree and MemoryTotal are bytes, as the backend reports them.
	MemoryFree, MemoryTotal uint64
}

// deviceTypes are enum ggml_backend_dev_type of ggml-backend.h, alike in all
// releases but for META, which b6673 lacks.
var deviceTypes = []string{"CPU", "GPU", "IGPU", "ACCEL", "META"}
