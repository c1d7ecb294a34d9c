package run

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/failure"
	"assay/harness/llamacpp"
	"assay/harness/mlx"
	"assay/harness/suite"
	"assay/native/mlx/mlxtest"
	"assay/results"
)

// sideBySide are cases of two installed releases, between which quantised caches came
// to be spread by further products.
func sideBySide(t *testing.T, releases ...any) suite.Suite {
	t.Helper()
	for _, name := range releases {
		if _, err := (llamacpp.Runtime{}).Choice(results.Case{Release: name.(string)}); err != nil {
			if os.Getenv("CI") != "" && os.Getenv("ASSAY_HOME") == "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	g := suite.CaseGroup{Models: []string{"preset:smollm2-135m"}, Runtimes: []string{llamacpp.Name}, Skeleton: "kv", Settings: suite.Lists{
		"n_ctx": {256}, "n_gen": {4}, "n_threads": {1}, "type_k": {"q8_0"}, "type_v": {"q8_0"}, "release": releases,
	}}
	s, err := suite.AdHoc(g, []string{"kv", "decode"}, 4, 2)
	require.NoError(t, err)
	return s
}

// Two releases are measured in one run, each in its own library, round by round; what
// is known to differ between them does, and all that is predicted of each holds.
func TestReleasesSideBySide(t *testing.T) {
	s := sideBySide(t, "b6673", "v0.5.0")
	var records []results.Record
	r := newRunner(t, &records)
	items, err := suite.Expand(t.Context(), s, []string{llamacpp.Name})
	require.NoError(t, err)
	require.Len(t, items, 4)
	visits := map[string][]int{}
	r.Progress = func(p Progress) {
		if p.Ended && p.Item.Timed() {
			visits[p.Item.Case.Release] = append(visits[p.Item.Case.Release], p.Round)
		}
	}
	require.NoError(t, run(t, t.Context(), r, s, items))
	require.Len(t, records, 4)
	assert.Equal(t, map[string][]int{"b6673": {1, 2}, "v0.5.0": {1, 2}}, visits)
	flops, keys := map[string]int64{}, map[results.Key]bool{}
	for _, rec := range records {
		require.Equal(t, results.StatusOK, rec.Status, rec.Error)
		assert.Equal(t, rec.Case.Release, rec.Runtime.Version)
		assert.Contains(t, rec.Runtime.Path, rec.Case.Release)
		keys[rec.Key()] = true
		for _, c := range rec.Checks {
			assert.True(t, c.OK, "%s: %s: %s", rec.Case.Release, c.Name, c.Detail)
		}
		if rec.Case.Kind == results.KindKV {
			flops[rec.Runtime.Version] = *rec.Measured.FLOPs
		}
	}
	assert.Len(t, keys, 4, "told apart in the store")
	assert.Less(t, flops["b6673"], flops["v0.5.0"], "the products that spread a quantised cache")
}

// A release that is not there is one sentence, before anything is measured.
func TestAReleaseThatIsNotInstalled(t *testing.T) {
	s, items := smallSuite(t)
	items[0].Case.Release = "b1"
	var records []results.Record
	err := run(t, t.Context(), newRunner(t, &records), s, items)
	assert.EqualError(t, err, "llama.cpp b1 is not installed; 'assay libs install --release b1' gets it")
	assert.True(t, failure.IsInput(err))
	assert.Empty(t, records)
}

// A case that takes no device runs MLX on the CPU, wherever MLX would run it otherwise:
// here the variable names a GPU that this machine does not have.
func TestMLXOnTheProcessor(t *testing.T) {
	mlxtest.Library(t)
	t.Setenv("ASSAY_MLX_DEVICE", "gpu")
	g := suite.CaseGroup{Models: []string{"preset:smollm2-135m"}, Runtimes: []string{mlx.Name}, Skeleton: "kv", Settings: suite.Lists{
		"n_prompt": {8}, "devices": {"none"},
	}}
	s, err := suite.AdHoc(g, []string{"kv"}, 1, 1)
	require.NoError(t, err)
	items, err := suite.Expand(t.Context(), s, []string{mlx.Name})
	require.NoError(t, err)
	var records []results.Record
	require.NoError(t, run(t, t.Context(), newRunner(t, &records), s, items))
	require.Len(t, records, 1)
	require.Equal(t, results.StatusOK, records[0].Status, records[0].Error)
	assert.Equal(t, "cpu", records[0].Runtime.Device)
	assert.Equal(t, "none", records[0].Case.Devices)
	assert.Equal(t, []string{"ASSAY_MLX_DEVICE=cpu"}, Options{}.For(s).Env, "by which the library is looked for before the cases are known")
}
