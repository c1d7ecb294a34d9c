package main

import (
	"flag"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/cmd/assay/line"
	"assay/harness/subject"
	"assay/harness/suite"
	"assay/results"
	"assay/results/alert"
	"assay/results/diff"
)

// itemsOf are what 'assay run' would measure with these flags.
func itemsOf(t *testing.T, flags []string) []subject.Item {
	t.Helper()
	fs := flag.NewFlagSet("run", flag.ContinueOnError)
	o := newRunFlags(fs)
	require.NoError(t, fs.Parse(flags))
	require.NoError(t, o.check(fs, fs.Args()))
	s, err := o.suite(t.Context(), line.Streams{}, fs.Args())
	require.NoError(t, err)
	items, err := suite.Expand(t.Context(), s, o.runtimes.Values)
	require.NoError(t, err)
	return items
}

// The command that an alert prints measures the very case again.
func TestReproduceMeasuresTheSameCase(t *testing.T) {
	for _, flags := range []string{
		"-m preset:gemma-3-12b --runtime llama.cpp --kind decode -n 64 -p 0",
		"-m preset:gemma-3-12b --runtime llama.cpp --kind decode -n 64 -p 0 -d 512 -c 4096 -b 256 -ub 128 -t 3 -ngl 0 --swa-full",
		"-m preset:gemma-3-12b --runtime llama.cpp --kind decode -p 0 -n 0 -pg 256,32",
		"-m preset:gemma-3-12b --runtime llama.cpp --kind prefill -p 512 -n 0 -fa 1 -ctk q8_0 -ctv q4_0",
		"-m preset:gemma-3-12b --runtime llama.cpp --kind kv -p 64 -n 0 -c 8192 -np 4 -kvu --skeleton kv --weight-type f32",
		"-m preset:gemma-3-12b --runtime llama.cpp --kind plan -p 0 -n 0 -c 32768 -np 2",
		"-m preset:qwen3-8b --runtime mlx --kind decode -n 64 -p 0 -d 300 --kv-bits 8 --kv-group-size 32 --quantized-kv-start 128",
		"-m preset:qwen3-8b --runtime mlx --kind decode -n 64 -p 0 --max-kv-size 256",
	} {
		t.Run(flags, func(t *testing.T) {
			before := itemsOf(t, strings.Fields(flags))
			require.Len(t, before, 1)
			it := before[0]
			record := results.Record{
				Runtime: results.Runtime{Name: it.Runtime}, Case: it.Case,
				Model: results.Model{Ref: it.Ref, Skeleton: it.Skeleton, WeightType: it.WeightType},
			}
			command := alert.Reproduce(diff.Case{
				Key: record.Key(), Case: it.Case, Kind: it.Case.Kind, Runtime: it.Runtime, Ref: it.Ref,
				Skeleton: it.Skeleton, WeightType: it.WeightType,
			})
			words, found := strings.CutPrefix(command, "assay run ")
			require.True(t, found)
			after := itemsOf(t, strings.Fields(words))
			require.Len(t, after, 1, command)
			assert.Equal(t, it.Case, after[0].Case, command)
			assert.Equal(t, it.Ref, after[0].Ref)
			assert.Equal(t, it.WeightType, after[0].WeightType, command)
		})
	}
}
