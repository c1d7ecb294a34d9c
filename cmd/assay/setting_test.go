package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results"
)

// A row that is added to the table alone is a flag of every command that looks at
// cases: it is explained, read, bounded and refused there.
func TestAnInventedSettingIsFoundEverywhere(t *testing.T) {
	before := results.Settings
	t.Cleanup(func() { results.Settings = before })
	results.Settings = append(slices.Clone(before), results.Setting{
		Name: "n_invented", Flag: "inv", LlamaBench: [2]string{"inv", "n-invented"}, Help: "an invented number of `things`",
		Known: []results.Known{{Runtime: results.LlamaCpp}}, Default: 7, Least: 1, Most: 99, Heading: "invented %v",
		Place: results.Place{
			Of: func(c results.Case) any {
				n, _ := strconv.Atoi(strings.TrimPrefix(c.Other, "invented="))
				return n
			},
			Put: func(c *results.Case, v any) { c.Other = fmt.Sprintf("invented=%d", v) },
		},
	})
	const model = "preset:smollm2-135m"
	for command, args := range map[string]string{
		"run": "run -m " + model, "predict": "predict " + model, "plan": "plan " + model, "inspect": "inspect " + model,
		"compare": "compare " + model + " " + model,
	} {
		status, out, errs := call(command, "--help")
		require.Zero(t, status, errs)
		assert.Contains(t, out, "  -inv things\n        an invented number of things (default: 7)\n", command)
		assert.NotContains(t, out, "n-invented", "%s: another tool's name is no second entry", command)
		for _, flag := range []string{"-inv", "--n-invented"} {
			status, _, errs = call(append(strings.Fields(args), flag, "100")...)
			assert.Equal(t, 2, status, command)
			assert.Contains(t, errs, "n_invented 100 must be 99 or less", command)
			status, _, errs = call(append(strings.Fields(args), "--runtime", "mlx", flag, "5")...)
			assert.Equal(t, 2, status, command)
			assert.Contains(t, errs, "-inv (n_invented) is a setting of llama.cpp, which is not to run", command)
		}
	}
	assert.Equal(t, "invented=5", itemsOf(t, strings.Fields("-m "+model+" --runtime llama.cpp -p 0 -n 8 -inv 5"))[0].Case.Other)
	status, out, errs := call("predict", model, "-inv", "5", "--json")
	require.Zero(t, status, errs)
	assert.Contains(t, out, "invented=5")
}
