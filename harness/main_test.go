package harness_test

import (
	"assay/harness/worker/workertest"
	"fmt"
	"os"
	"testing"
)

// TestMain lets the test binary be its own worker, so that the tests run real
// ones.
func TestMain(m *testing.M) {
	workertest.Serve()
	if len(os.Args) > 1 && os.Args[1] == "draws" {
		if err := observeDraws(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(workertest.WithSkeletons(m, func(dir string) { skeletons = dir }))
}

// skeletons is shared by the tests of this package: each is written once.
var skeletons string
