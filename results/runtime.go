package results

import "strings"

// Device is one processor that a library can compute on.
type Device struct {
	Name        string `json:"name"` // the library's: "MTL0", "Vulkan0", "CPU"
	Description string `json:"description,omitempty"`
	// Type is "CPU", "GPU", "IGPU" (which shares the host's memory) or "ACCEL".
	Type       string `json:"type"`
	TotalBytes *int64 `json:"total_bytes,omitempty"`
	// FreeBytes is what the device said was free when the library was opened.
	FreeBytes *int64 `json:"free_bytes,omitempty"`
}

// Runtime is the library that ran the case.
type Runtime struct {
	Name    string `json:"name"` // "llama.cpp" or "mlx"
	Version string `json:"version"`
	Path    string `json:"path,omitempty"`
	SHA256  string `json:"sha256,omitempty"`
	// Layout names the parameter-struct layout that matched the library.
	Layout string `json:"layout,omitempty"`
	Device string `json:"device,omitempty"`
	// Devices are what the library could compute on, in its order.
	Devices []Device `json:"devices,omitempty"`
	// Kernels are those that a Mac's GPU had for this process.
	Kernels *Kernels `json:"kernels,omitempty"`
	// BLAS is the library that multiplies matrices on the CPU, in its own words,
	// where the runtime does not do it itself.
	BLAS string `json:"blas,omitempty"`
	// Files are all library files that were loaded.
	Files []File `json:"files,omitempty"`
	// CPUVariant is the processor variant that ggml chose ("zen4", "apple_m4").
	CPUVariant string `json:"cpu_variant,omitempty"`
	// Variables are the environment variables that were set and that the runtime obeys.
	Variables map[string]string `json:"variables,omitempty"`
	// With has versions of what the runtime stands on, by name, as another tool
	// recorded them (mlx: 0.32.0 homebrew).
	With map[string]string `json:"with,omitempty"`
}

// File is a file that was loaded.
type File struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
}

// InSoftware reports whether the processor plays the device (Mesa's llvmpipe).
func (d Device) InSoftware() bool { return strings.HasPrefix(d.Description, "llvmpipe") }

// GPUs are the devices that layers are put on: those that share the host's memory
// only where there is no other (llama_prepare_model_devices, src/llama.cpp).
func (r Runtime) GPUs() []Device {
	for _, kind := range []string{"GPU", "IGPU"} {
		var found []Device
		for _, d := range r.Devices {
			if d.Type == kind {
				found = append(found, d)
			}
		}
		if found != nil {
			return found
		}
	}
	return nil
}
