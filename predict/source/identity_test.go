package source_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	family "assay/predict/family/llamacpp"
)

// Two quantisations of one model have the same facts and are two files.
func TestFilesOfOneModel(t *testing.T) {
	facts := load(t, "smollm2-135m")
	metadata, err := family.Metadata(facts)
	require.NoError(t, err)
	tensors, err := family.Tensors(facts, family.TypePlan{})
	require.NoError(t, err)
	half := load(t, writeModel(t, metadata, tensors))
	for i := range tensors {
		if tensors[i].Type == "f16" {
			tensors[i].Type = "q4_0"
		}
	}
	small := load(t, writeModel(t, metadata, tensors))

	assert.Equal(t, half.SHA256(), small.SHA256())
	require.NotNil(t, half.File)
	require.NotNil(t, small.File)
	assert.Equal(t, "F16", half.File.Type)
	assert.Equal(t, "Q4_0", small.File.Type)
	assert.NotEqual(t, half.File.HeaderSHA256, small.File.HeaderSHA256)
	assert.Less(t, small.File.Bytes, half.File.Bytes)
	assert.Equal(t, half.File.Params, small.File.Params)
	assert.Nil(t, facts.File, "a preset is no file")
}
