// Package family builds the network of each model type, in one file for each
// module of mlx-lm's, which registers itself. It must not know of sessions.
package family

import (
	"fmt"
	"maps"
	"slices"

	"assay/native/mlx/lm/block"
)

// Family builds the network of one model_type; each is a file of its own,
// named after mlx-lm's module.
type Family func(b *block.Builder) *block.Network

// families are the model types that can be run; each file adds its own.
var families = map[string]Family{}

// Register adds a family under the model types that it runs.
func Register(build Family, types ...string) {
	for _, kind := range types {
		families[kind] = build
	}
}

// Types are the model types that can be run.
func Types() []string { return slices.Sorted(maps.Keys(families)) }

// Of returns what builds networks of a model type that the config.json at
// path names. The error is an UnsupportedError.
func Of(path, kind string) (Family, error) {
	build, ok := families[kind]
	if !ok {
		return nil, &UnsupportedError{Path: path, Type: kind}
	}
	return build, nil
}

// UnsupportedError says that no family runs a model_type.
type UnsupportedError struct{ Path, Type string }

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("%s: model type %q does not run on MLX here ('assay types' lists those that do); 'assay predict' and 'assay plan' "+
		"know what is known of it", e.Path, e.Type)
}
