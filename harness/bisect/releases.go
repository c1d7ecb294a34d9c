package bisect

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"assay/harness/libs"
	"assay/native/llama"
)

// Releases are those that are named, in their order: releases that can be installed,
// or folders and files of libraries. Between two releases alone stand all that can
// be installed.
func Releases(in libs.Installer, names []string) ([]Release, error) {
	if len(names) == 2 && !isLibrary(names[0]) && !isLibrary(names[1]) {
		between, err := libs.Between(names[0], names[1])
		return installable(in, between), err
	}
	var out []Release
	for _, name := range names {
		if isLibrary(name) {
			path, err := filepath.Abs(name)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			out = append(out, Release{Name: name, Get: func(context.Context) (string, error) { return llama.Spec().Env + "=" + path, nil }})
			continue
		}
		named, err := libs.Select(name)
		if err != nil {
			return nil, err
		}
		out = append(out, installable(in, named)...)
	}
	return out, nil
}

// isLibrary tells a library of the user's own from a release's name.
func isLibrary(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

func installable(in libs.Installer, list []libs.Release) []Release {
	out := make([]Release, len(list))
	for i, r := range list {
		out[i] = Release{Name: r.Version, Get: func(ctx context.Context) (string, error) {
			got, err := in.Llama(ctx, llama.Spec(), r)
			return llama.Spec().Env + "=" + got.Path, err
		}}
	}
	return out
}
