package libs

import (
	"context"
	"errors"
	"fmt"
	"os/exec"

	"assay/native/dylib"
)

// brew installs the formulae of a library unless the search finds one already.
func (in Installer) brew(ctx context.Context, spec dylib.Spec) (Installed, error) {
	if path, err := in.Machine.Find(spec); err == nil {
		return Installed{Product: spec.Product, Path: path}, nil
	}
	brew, err := exec.LookPath("brew")
	if err != nil {
		return Installed{}, &Error{spec.Product,
			fmt.Errorf("there is no Homebrew, which has the libraries for macOS; install it, or name a library of your own with %s", spec.Env)}
	}
	for _, formula := range spec.Formulae {
		fmt.Fprintf(in.Log, "installing %s with Homebrew\n", formula)
		cmd := command(ctx, "", brew, "install", formula)
		cmd.Stdout, cmd.Stderr = in.Log, in.Log
		if err := cmd.Run(); err != nil {
			return Installed{}, &Error{spec.Product, errors.Join(ctx.Err(), fmt.Errorf("brew install %s: %w; what it says stands above",
				formula, err))}
		}
	}
	path, err := in.Machine.Find(spec)
	if err != nil {
		return Installed{}, &Error{spec.Product, err}
	}
	return Installed{Product: spec.Product, Path: path, Fetched: true}, nil
}
