package diff

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results"
)

// fileRun is a run of one model's file, of a size that is its identity here.
func fileRun(id, file string, size int64, seed uint64) results.Run {
	r := run(id, 3, seed)
	for i := range r.Records {
		r.Records[i].Model = results.Model{
			Ref: "/models/" + file + ".gguf", Name: "Twin", FileType: "Q4_0", HeaderSHA256: file + "-000000000000",
			SizeBytes: &size, WeightBytes: &size, NParams: new(int64(100)),
		}
	}
	return r
}

// changed is the run with every model changed.
func changed(r results.Run, change func(*results.Model)) results.Run {
	for i := range r.Records {
		change(&r.Records[i].Model)
	}
	return r
}

// byBench is what llama-bench says of the models, earlier what older records do.
func byBench(m *results.Model) {
	m.Name, m.HeaderSHA256 = m.Ref[len("/models/"):len(m.Ref)-len(".gguf")], ""
}

func earlier(m *results.Model) { m.HeaderSHA256, m.FileType, m.SizeBytes = "", "", nil }

// Two runs of one file have their cases in common, whoever recorded them; two files
// of one name have none.
func TestPairs(t *testing.T) {
	both := func(id string, change func(*results.Model)) results.Run {
		r := changed(fileRun(id, "small", 7, 1), change)
		r.Records = append(r.Records, changed(fileRun(id, "large", 9, 2), change).Records...)
		return r
	}
	same := func(*results.Model) {}
	unknown := func(m *results.Model) { earlier(m); m.WeightBytes, m.NParams = nil, nil }
	for name, tt := range map[string]struct {
		base, head results.Run
		cases      int
		unsure     bool
	}{
		"one file":                    {fileRun("a", "small", 7, 1), fileRun("b", "small", 7, 2), 3, false},
		"llama-bench's rows of it":    {fileRun("a", "small", 7, 1), changed(fileRun("b", "small", 7, 2), byBench), 3, false},
		"and the other way":           {changed(fileRun("a", "small", 7, 1), byBench), fileRun("b", "small", 7, 2), 3, false},
		"an earlier run of it":        {changed(fileRun("a", "small", 7, 1), earlier), fileRun("b", "small", 7, 2), 3, false},
		"two of one name":             {both("a", same), both("b", same), 6, false},
		"two, by llama-bench":         {both("a", same), both("b", byBench), 6, false},
		"two, of which one was":       {changed(fileRun("a", "large", 9, 1), earlier), both("b", same), 3, false},
		"either of two, as it seems":  {changed(fileRun("a", "small", 7, 1), unknown), both("b", same), 0, true},
		"a file, and a run of either": {both("a", same), changed(fileRun("b", "small", 7, 1), unknown), 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := Compare(tt.base, tt.head, Options{})
			if tt.cases == 0 {
				var none *IncomparableError
				require.ErrorAs(t, err, &none)
				assert.Equal(t, tt.unsure, none.Unsure > 0)
				return
			}
			require.NoError(t, err)
			assert.Len(t, d.Cases, tt.cases)
			for _, c := range d.Cases {
				assert.Empty(t, c.Exact, "%s: nothing of a model differs from itself", c.Key)
				if tt.cases == 6 && c.Model == "Twin" {
					assert.Equal(t, strings.TrimSuffix(strings.TrimPrefix(c.Ref, "/models/"), ".gguf"), c.File, "models of one name are told apart")
				}
			}
		})
	}
	_, err := Compare(fileRun("a", "small", 7, 1), fileRun("b", "large", 9, 2), Options{})
	require.ErrorContains(t, err, "the runs have no case in common")

	head := both("b", same)
	head.Records = append(head.Records, run("b", 1, 3).Records...)
	base := changed(fileRun("a", "small", 7, 1), unknown)
	base.Records = append(base.Records, run("a", 1, 4).Records...)
	assert.Contains(t, compare(t, base, head, Options{}).Warnings,
		"3 cases of one side were not paired: what is known of their model is true of several models of the other")
}
