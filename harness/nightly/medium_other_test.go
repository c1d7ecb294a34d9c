//go:build !linux

package nightly

import "testing"

var onMedium []torture

// medium makes no file system elsewhere than on Linux.
func medium(*testing.T, string) bool { return false }
