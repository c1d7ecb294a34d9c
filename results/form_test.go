package results_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results"
)

// What is the same has one form, what holds anyway is the zero value, and what cannot be
// is answered.
func TestFormsOfPlacement(t *testing.T) {
	for _, tc := range []struct{ name, text, want, refused string }{
		{"tensor_split", "3/1", "3/1", ""},
		{"tensor_split", "3.00;1.0", "3/1", ""},
		{"tensor_split", "0.00", "", ""},
		{"tensor_split", "0/0", "", ""},
		{"tensor_split", "3/x", "", `"x" is no share of a device; write them as 3/1`},
		{"tensor_split", "-1/2", "", `"-1" is no share of a device; write them as 3/1`},
		{"tensor_split", "1/1/1/1/1/1/1/1/1/1/1/1/1/1/1/1/1", "", "17 shares for at most 16 devices"},
		{"tensor_buft_overrides", "none", "", ""},
		{"tensor_buft_overrides", `blk\.[0-3]\.ffn=CPU;;exps=MTL0`, `blk\.[0-3]\.ffn=CPU;exps=MTL0`, ""},
		{"tensor_buft_overrides", "a=b=CPU", "a=b=CPU", ""},
		{"tensor_buft_overrides", `blk\.(?!0)=CPU`, `blk\.(?!0)=CPU`, ""},
		{"tensor_buft_overrides", "exps", "", `"exps" is not PATTERN=DEVICE, such as exps=CPU`},
		{"tensor_buft_overrides", "a(=CPU", "", "\"a(\" is no pattern of names: error parsing regexp: missing closing ): `a(`"},
		{"devices", "auto", "", ""},
		{"devices", "none", "none", ""},
		{"devices", "CPU", "none", ""},
		{"devices", "MTL0/MTL0", "",
			`"MTL0/MTL0" is no list of devices; write each once, as Vulkan0/Vulkan1, or none ('assay doctor' lists them)`},
		{"devices", "MTL0/", "", `"MTL0/" is no list of devices; write each once, as Vulkan0/Vulkan1, or none ('assay doctor' lists them)`},
		{"split_mode", "layer", "", ""},
		{"split_mode", "columns", "", `"columns" is not one of layer, none, row, tensor`},
		{"load_mode", "mmap", "", ""},
	} {
		s, ok := results.SettingNamed(tc.name)
		require.True(t, ok)
		v, err := s.Parse(tc.text)
		if tc.refused != "" {
			assert.EqualError(t, err, tc.refused)
			assert.Error(t, s.Check(tc.text), "in a suite")
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, tc.want, v, tc.text)
		assert.NoError(t, s.Check(v))
		again, err := s.Parse(s.LlamaBenchText(v))
		require.NoError(t, err)
		assert.Equal(t, v, again, "llama-bench's word for it")
	}
}
