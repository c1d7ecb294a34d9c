package results_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/results"
)

// A library file is the same one in another release, whatever the release puts into
// its name; the library itself is not named twice.
func TestFilesOfAnEnvironment(t *testing.T) {
	rec := decode("r1")
	rec.Runtime.SHA256 = "l"
	rec.Runtime.Files = []results.File{
		{Path: "/lib/libllama.v0.5.0.so", SHA256: "l"}, {Path: "/lib/libggml.b7347.so", SHA256: "g"},
		{Path: "/lib/libggml-cpu-apple_m4.so", SHA256: "c"}, {Path: "/opt/libggml-base.0.0.8390.dylib", SHA256: "b"},
		{Path: `C:\x\libstdc++.so.6.0.30`, SHA256: "s"}, {Path: "/opt/lib/mlx.metallib", SHA256: "m"},
	}
	assert.Equal(t, map[string]string{
		"libggml.so": "g", "libggml-cpu-apple_m4.so": "c", "libggml-base.dylib": "b", "libstdc++.so": "s", "mlx.metallib": "m",
	}, rec.Environment().Files)
}

// What somebody set sets a history apart; what else changes explains it.
func TestSameHistory(t *testing.T) {
	set := func(change func(*results.Record)) results.Environment {
		rec := decode("r1")
		rec.Host.Power, rec.Host.LowPowerMode, rec.Host.PowerMode = "ac", new(false), "automatic"
		rec.Host.DisplayAsleep = new(false)
		rec.Runtime.Variables = map[string]string{"GGML_METAL_TENSOR_DISABLE": "1"}
		change(&rec)
		return rec.Environment()
	}
	as := set(func(*results.Record) {})
	for name, tt := range map[string]struct {
		change func(*results.Record)
		want   bool
	}{
		"nothing":             {func(*results.Record) {}, true},
		"power":               {func(r *results.Record) { r.Host.Power = "battery" }, false},
		"low power":           {func(r *results.Record) { r.Host.LowPowerMode = new(true) }, false},
		"high power":          {func(r *results.Record) { r.Host.PowerMode = "high" }, false},
		"a dark display":      {func(r *results.Record) { r.Host.DisplayAsleep = new(true) }, false},
		"an unknown display":  {func(r *results.Record) { r.Host.DisplayAsleep = nil }, true},
		"a mode not recorded": {func(r *results.Record) { r.Host.PowerMode = "" }, true},
		"a variable gone":     {func(r *results.Record) { r.Runtime.Variables = nil }, false},
		"a variable changed":  {func(r *results.Record) { r.Runtime.Variables = map[string]string{"GGML_METAL_TENSOR_DISABLE": "0"} }, false},
		"a processor variant": {func(r *results.Record) { r.Runtime.CPUVariant = "x64" }, true},
		"a system's build":    {func(r *results.Record) { r.Host.OSBuild = "25G83" }, true},
		"a file":              {func(r *results.Record) { r.Runtime.Files = []results.File{{Path: "a.so", SHA256: "x"}} }, true},
	} {
		e := set(tt.change)
		assert.Equal(t, tt.want, as.SameHistory(e), name)
		assert.Equal(t, tt.want, e.SameHistory(as), "%s, turned round", name)
	}
}
