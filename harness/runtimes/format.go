package runtimes

import (
	"slices"

	"assay/predict/source"
)

// FormatOf names the one runtime that runs files of the model's format, or is
// empty for what every runtime can stand a skeleton in for.
func FormatOf(ref string) string {
	ref = source.Path(ref, source.Options{})
	for _, rt := range All() {
		if rt.Owns(ref) {
			return rt.Name()
		}
	}
	return ""
}

// For names the runtime that one looks at where none is asked for: the first of the
// table, unless every model is in the format of another.
func For(refs ...string) string {
	usual := All()[0].Name()
	if len(refs) == 0 {
		return usual
	}
	only := FormatOf(refs[0])
	if only == "" || slices.ContainsFunc(refs, func(ref string) bool { return FormatOf(ref) != only }) {
		return usual
	}
	return only
}
