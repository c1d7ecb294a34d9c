package mlx

import (
	"fmt"
	"slices"

	"assay/native/dylib"
)

// Pinned is the release of mlx-c that is taken first of those in assay's cache.
const Pinned = "v0.7.0"

// Spec says where libmlxc is looked for.
func Spec() dylib.Spec {
	return dylib.Spec{
		Product:  "mlx",
		Stem:     "mlxc",
		Env:      "ASSAY_MLX_LIB",
		Version:  Pinned,
		Formulae: []string{"mlx-c"},
		Remedy:   "run assay libs install",
	}
}

// Release is one state of mlx-c's interface. mlx_version answers MLX's version
// only, so a library is told by the functions that it exports.
type Release struct {
	// Name is mlx-c's tag, or tag and commit where there is no newer tag.
	Name string
	// MLX is the MLX release that this interface was generated for.
	MLX string
	// First is a function that no earlier release has.
	First string
	// Differs has the signatures that are not the newest release's, "" for a
	// function that this release does not have.
	Differs map[fn]string
}

// v05 is how mlx-c v0.5.0 declares what took on a global scale in v0.6.0.
var v05 = map[fn]string{
	fnQuantize: "int mlx_quantize(mlx_vector_array*, mlx_array, mlx_optional_int, mlx_optional_int, char*, mlx_stream)",
	fnDequantize: "int mlx_dequantize(mlx_array*, mlx_array, mlx_array, mlx_array, mlx_optional_int, mlx_optional_int, char*, " +
		"mlx_optional_dtype, mlx_stream)",

	fnAttention: unforced, fnCumSum: axial,
	fnNamerNew: "", fnNamerFree: "", fnPrintGraph: "",
}

// v06 lacks what shows a graph: mlx/c/graph_utils.h came after it.
var v06 = map[fn]string{fnAttention: unforced, fnCumSum: axial, fnNamerNew: "", fnNamerFree: "", fnPrintGraph: ""}

// unforced is attention before it took force_fused, over MLX 0.31.
const unforced = "int mlx_fast_scaled_dot_product_attention(mlx_array*, mlx_array, mlx_array, mlx_array, float, char*, mlx_array, " +
	"mlx_array, mlx_stream)"

// axial is the cumulative sum before its name without an axis meant all of them.
const axial = "int mlx_cumsum(mlx_array*, mlx_array, int, bool, bool, mlx_stream)"

// releases are the interfaces that this package can call, newest first.
var releases = []Release{
	{Name: "v0.7.0", MLX: "0.32.2", First: "mlx_get_streams"},
	{Name: "v0.6.0-gc74db53", MLX: "0.32.2", First: "mlx_searchsorted"}, // as the crate mlx-sys 0.6.0 has it
	{Name: "v0.6.0-4-gfba4470", MLX: "0.31.2", First: "mlx_slice_update_add", Differs: map[fn]string{fnAttention: unforced, fnCumSum: axial}},
	{Name: "v0.6.0", MLX: "0.31.1", First: "mlx_bartlett", Differs: v06},
	{Name: "v0.5.0", MLX: "0.30.6", First: "mlx_array_new_data_managed", Differs: v05},
}

// next is the first MLX release that no mlx-c known here is for: v0.7.0 does not
// compile over it, as mlx::core::gather_qmm has an argument more. A library that
// reports it has every function of the newest release known here, perhaps with
// other arguments, so MLX's version has to tell it.
const next = "0.32.3"

// UnknownReleaseError says that a library is of no release that can be called
// without guessing at its arguments.
type UnknownReleaseError struct {
	Path string
	// MLX is the version that the library reports.
	MLX string
}

func (e *UnknownReleaseError) Error() string {
	return fmt.Sprintf("%s is an mlx-c for MLX %s, whose interface is not known here, and no header that tells it lies beside it (known: "+
		"%s); install one of these and name it with %s",
		e.Path, e.MLX, known(), Spec().Env)
}

// known names the oldest and the newest release.
func known() string {
	first, last := releases[len(releases)-1], releases[0]
	return fmt.Sprintf("%s for MLX %s to %s for MLX %s", first.Name, first.MLX, last.Name, last.MLX)
}

// Is reports that the error is dylib.ErrUnusable.
func (e *UnknownReleaseError) Is(target error) bool { return target == dylib.ErrUnusable }

// recognise answers the release of a library that exports what has says, and
// reports MLX's version.
func recognise(path, mlxVersion string, has func(symbol string) bool) (Release, error) {
	for i, release := range releases {
		if !has(release.First) {
			continue
		}
		if i == 0 && dylib.CompareVersions(mlxVersion, next) >= 0 {
			break
		}
		return release, nil
	}
	return Release{}, &UnknownReleaseError{Path: path, MLX: mlxVersion}
}

// everywhere says whether all releases have a function under one name: a library must.
func (f fn) everywhere() bool {
	return !slices.ContainsFunc(releases, func(r Release) bool { return r.symbol(f) != f.symbol() })
}

// symbol is the function's name in a release, "" where it has none.
func (r Release) symbol(f fn) string { return symbolIn(r.signature(f)) }

// signature is how a release declares a function, "" where it does not.
func (r Release) signature(f fn) string {
	if differs, ok := r.Differs[f]; ok {
		return differs
	}
	return signatures[f]
}
