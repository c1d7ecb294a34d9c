package llamacpp

import (
	"fmt"
	"os"

	"assay/harness/failure"
	"assay/harness/home"
	"assay/native/llama"
	"assay/results"
)

// Choice looks for the release where 'assay libs install' puts releases.
func (Runtime) Choice(c results.Case) (string, error) {
	name := c.Release
	if name == "" {
		return "", nil
	}
	dirs, err := home.Find()
	if err != nil {
		return "", err
	}
	folder := dirs.Libs(llama.Spec().Product, name)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return "", failure.Input(fmt.Errorf("llama.cpp %s is not installed; 'assay libs install --release %s' gets it", name, name))
	}
	return llama.Spec().Env + "=" + folder, nil
}
