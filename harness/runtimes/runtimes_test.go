package runtimes_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/home"
	"assay/harness/machine"
	"assay/harness/run"
	"assay/harness/runtime"
	"assay/harness/runtimes"
	"assay/harness/subject"
	"assay/harness/suite"
	"assay/harness/worker"
	"assay/harness/worker/workertest"
	"assay/results"
)

// TestMain adds the third row, in the worker that the test binary is, too.
func TestMain(m *testing.M) {
	runtimes.AddRow(toy{})
	workertest.Serve()
	os.Exit(m.Run())
}

// Every runtime keeps to what the rooms above it rely on.
func TestRuntimesConform(t *testing.T) {
	for _, rt := range runtimes.All() {
		t.Run(rt.Name(), func(t *testing.T) { conform(t, rt) })
	}
}

func conform(t *testing.T, rt runtime.Runtime) {
	named, err := runtimes.Named(rt.Name())
	require.NoError(t, err)
	assert.Equal(t, rt, named, "a runtime is found by its name")
	s, err := subject.Of(t.Context(), subject.Ask{Ref: "preset:smollm2-135m", Runtime: rt.Name()})
	require.NoError(t, err)
	assert.NotEmpty(t, rt.Architecture(s.Facts), "a model that is run has an architecture")

	asked := results.Defaults()
	asked.Kind, asked.NPrompt, asked.NGen, asked.NCtx = results.KindKV, 24, 2, 256
	c, err := s.Settle(asked)
	require.NoError(t, err)
	again, err := s.Settle(fill(c))
	require.NoError(t, err)
	assert.Equal(t, c, again, "what is settled stays as it is, or equal cases look different")

	p, err := s.Predict(c)
	require.NoError(t, err)
	var sum int64
	for _, l := range p.KVLayers {
		sum += l.KBytes + l.VBytes
	}
	require.NotNil(t, p.KVBytes)
	assert.Equal(t, *p.KVBytes, sum, "the cache is the sum of its layers")

	types := rt.WeightTypes(runtime.SkeletonFull)
	assert.NotEmpty(t, types, "a skeleton has a type")
	for _, name := range types {
		_, err := subject.Of(t.Context(), subject.Ask{Ref: s.Ref, Runtime: rt.Name(), WeightType: name, Skeleton: runtime.SkeletonFull})
		assert.NoError(t, err, "a type that is listed is taken: %s", name)
	}
	assert.Error(t, rt.Accepts(filepath.Join(t.TempDir(), "model.nothing"), results.KindDecode),
		"what cannot be run is refused before a worker starts")
	assert.False(t, rt.Owns("preset:smollm2-135m"), "a preset is nobody's format")
	for _, other := range runtimes.All() {
		if other.Name() != rt.Name() && rt.Owns("model.gguf") {
			assert.False(t, other.Owns("model.gguf"), "one format has one owner")
		}
	}
}

// fill gives what a settled case lacks its default, as somebody would who asks anew.
func fill(c results.Case) results.Case {
	usual := results.Defaults()
	for _, s := range results.Settings {
		if s.Zero(c) && !s.CanBeZero() {
			s.Put(&c, s.Of(usual))
		}
	}
	return c
}

// A third runtime is its adapter and one row: suites are expanded for it, workers
// run it, records judge it, and nothing else was touched.
func TestThirdRuntimeRuns(t *testing.T) {
	s, err := suite.Parse("toy", []byte(`
rounds: 2
samples: 3
cases:
  - models: [preset:smollm2-135m]
    weight_types: [f32]
    kinds: [kv, decode]
    n_gen: [4]
`))
	require.NoError(t, err)
	items, err := suite.Expand(t.Context(), s, []string{toy{}.Name()})
	require.NoError(t, err)
	require.Len(t, items, 2)

	self, err := worker.Self()
	require.NoError(t, err)
	dir := t.TempDir()
	var records []results.Record
	r := &run.Runner{
		Home: home.Home{Cache: dir, Data: dir}, Worker: self, Host: machine.Read, Available: map[string]results.Runtime{},
		Record: func(_ context.Context, rec results.Record) error {
			records = append(records, rec)
			return nil
		},
	}
	require.NoError(t, r.Run(t.Context(), "20260102-030405-abcdef", time.Now().UTC(), s, items))
	require.Len(t, records, 2)
	for _, rec := range records {
		require.Equal(t, results.StatusOK, rec.Status, rec.Error)
		assert.Equal(t, "toy", rec.Runtime.Name)
		assert.Equal(t, "llama", rec.Model.Arch)
		require.NotEmpty(t, rec.Checks)
		for _, check := range rec.Checks {
			assert.True(t, check.OK, "%s: %s", check.Name, check.Detail)
		}
		assert.True(t, slices.ContainsFunc(rec.Checks, func(c results.Check) bool { return c.Name == "kv_bytes predicted = measured" }))
	}
}
