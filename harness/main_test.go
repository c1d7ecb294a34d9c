package harness_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"assay/harness/worker"
	"assay/native/llama"
)

// TestMain lets the test binary be its own worker, so that the tests run real
// ones.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		if worker.Work(context.Background(), os.Stdin, os.Stdout) != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) > 1 && os.Args[1] == "draws" {
		if err := observeDraws(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(testAll(m))
}

// skeletons is shared by the tests of this package: each is written once.
var skeletons string

// testAll runs the tests with a folder for skeletons that goes with them.
func testAll(m *testing.M) int {
	dir, err := os.MkdirTemp("", "assay-test-skeletons-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	skeletons = dir
	return m.Run()
}

// needLlama skips without llama.cpp; where CI is set a missing one fails.
func needLlama(t *testing.T) {
	t.Helper()
	if _, err := llama.Find(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("llama.cpp is needed: %v", err)
		}
		t.Skipf("needs llama.cpp: %v", err)
	}
}
