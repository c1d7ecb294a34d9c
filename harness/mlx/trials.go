package mlx

import "assay/harness/runtime"

// Trials are the experiments on what is taken for granted of MLX on a GPU. Each is
// made on the device that the library takes, and what comes out is held against the
// same computed in Go in 64 bits, so that it can be wrong on a CPU as well.
func (Runtime) Trials() []runtime.Trial {
	return []runtime.Trial{
		{
			Name: "attention", Assumed: "attention is fused by head width, length and release alone, and counts and comes out as its two " +
				"products do",
			Source: "ScaledDotProductAttention::use_fallback, mlx/backend/metal/scaled_dot_product_attention.cpp, 0.31.2 to 0.32.1",
			Look:   on(tryAttention),
		},
		{
			Name: "float32", Assumed: "a product of float32 is exact to 1e-5",
			Source: "MLX_ENABLE_TF32, mlx/utils.h: an M5 multiplies at 1e-3 unless it is 0",
			Look:   on(tryFloat32),
		},
		{
			Name: "errors", Assumed: "what MLX refuses is an error, behind which the library works on",
			Source: "mlx_set_error_handler, mlx/c/error.h",
			Look:   on(tryErrors),
		},
		{
			Name: "out-of-memory", Assumed: "memory that there is not is an error, and does not end the process",
			Source: "mlx/backend/metal/allocator.cpp; a command buffer that fails ends the process up to 0.31.2 (pull request 3523)",
			Look:   on(tryNoMemory),
		},
		{
			Name: "quantised", Assumed: "products with packed arrays are right for few rows, many cells, any width and one output",
			Source: "mlx/backend/metal/quantized.cpp: pull requests 3497, 4251, 3854 and 3804 mended them by 0.32.1",
			Look:   on(tryQuantised),
		},
		{
			Name: "in-place", Assumed: "a cache is updated in place, with the next step in flight too where a step is longer than the host may " +
				"be ahead",
			Source: "array::is_donatable, mlx/array.h; MAX_ACTIVE_TASKS, mlx/transforms.cpp",
			Look:   on(tryInPlace),
		},
		{
			Name: "memory", Assumed: "active memory is what arrays hold, the peak repeats, and a reset takes it back",
			Source: "mlx/backend/metal/allocator.cpp: buffers above a page are rounded up to 16 KiB and reused up to 32 KiB larger",
			Look:   on(tryMemory),
		},
		{
			Name: "loaded", Assumed: "the files that were loaded are known, with the kernels of this chip among them, and multiply fast",
			Source: "load_default_library, mlx/backend/metal/device.cpp, 0.32; _nax kernels from 0.31 on",
			Look:   tryLoaded,
		},
		{
			Name: "host", Assumed: "handing a step over costs the host little on an idle stream",
			Source: "eval_impl, mlx/transforms.cpp: waits inside while more than 10 command buffers run",
			Look:   on(tryHost),
		},
		{
			Name: "surroundings", Assumed: "nothing outside of MLX changes what runs: variables, wired limit, a release with known faults",
			Source: "mlx/utils.h; set_wired_limit, mlx/backend/metal/allocator.cpp",
			Look:   trySurroundings,
		},
	}
}
