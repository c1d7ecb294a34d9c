package arch_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/predict/arch"
)

func TestRanges(t *testing.T) {
	for _, tt := range []struct {
		layers []int
		want   string
	}{
		{nil, ""},
		{[]int{-1}, ""},
		{[]int{-2, 3}, "3"},
		{[]int{-1, 0, 1}, "0-1"},
		{[]int{0}, "0"},
		{[]int{0, 1}, "0-1"},
		{[]int{0, 0, 1, 1, 2}, "0-2"},
		{[]int{5, 11, 17}, "5, 11, 17"},
		{[]int{0, 1, 2, 3, 4, 6, 8, 9, 10}, "0-4, 6, 8-10"},
	} {
		assert.Equal(t, tt.want, arch.Ranges(tt.layers), "%v", tt.layers)
	}
}
