//go:build !linux

package host

// YieldOthers does nothing here: on a Mac the threads of Go's runtime and those of a
// library are not told apart by their classes of service yet.
func YieldOthers() error { return nil }
