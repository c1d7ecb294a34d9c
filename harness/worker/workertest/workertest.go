// Package workertest lets test binaries be their own workers, so that tests run real
// ones. It does not know what is tested.
package workertest

import (
	"context"
	"fmt"
	"os"
	"testing"

	"assay/harness/worker"
	"assay/native/llama"
)

// Serve is for TestMain: a process that was started as a worker does its work and ends.
func Serve() {
	if len(os.Args) < 2 || os.Args[1] != "worker" {
		return
	}
	if worker.Work(context.Background(), os.Stdin, os.Stdout) != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// WithSkeletons runs the tests with a folder for skeletons that goes with them, so that
// each is written once, and returns the exit status.
func WithSkeletons(m *testing.M, use func(dir string)) int {
	dir, err := os.MkdirTemp("", "assay-test-skeletons-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	use(dir)
	return m.Run()
}

// NeedLlama skips without llama.cpp; where CI is set a missing one fails.
func NeedLlama(t testing.TB) {
	t.Helper()
	if _, err := llama.Find(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("llama.cpp is needed: %v", err)
		}
		t.Skipf("needs llama.cpp: %v", err)
	}
}
