package results_test

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results"
	"assay/results/alert"
	"assay/results/diff"
	"assay/results/export"
	"assay/results/imports"
	"assay/results/report"
	"assay/results/store"
)

// invent adds a setting to the table alone. It has no field of a case and lives
// among another tool's parameters.
func invent(t *testing.T) results.Setting {
	s := results.Setting{
		Name: "n_invented", Flag: "inv", LlamaBench: [2]string{"inv", "n-invented"}, MLX: "invented",
		Help: "an invented number of `things`", Known: []results.Known{{Runtime: results.LlamaCpp}}, Default: 7, Least: 1,
		Most: 99, Heading: "invented %v",
		Place: results.Place{
			Of: func(c results.Case) any {
				n, _ := strconv.Atoi(strings.TrimPrefix(c.Other, "invented="))
				return n
			},
			Put:  func(c *results.Case, v any) { c.Other = "invented=" + strconv.Itoa(v.(int)) },
			Same: func(a, b *results.Case) bool { return a.Other == b.Other },
		},
	}
	before := results.Settings
	results.Settings = append(append([]results.Setting{}, before...), s)
	t.Cleanup(func() { results.Settings = before })
	return s
}

// What is added to the table alone is found in all that is made from it. Commands
// and suites are held by a test of the same name beside them.
func TestAnInventedSettingIsFoundEverywhere(t *testing.T) {
	s := invent(t)
	rec := decode("r1")
	usual := rec.Key()
	s.Put(&rec.Case, 42)
	assert.NotEqual(t, usual, rec.Key())
	assert.Contains(t, rec.Key(), " n_invented=42")
	assert.EqualError(t, s.Check(100), "n_invented 100 must be 99 or less (-inv)")
	assert.Contains(t, rec.Case.Variant(), "invented 42")
	assert.Equal(t, [][]string{{"inv=0"}, {"inv=42"}}, results.Apart([]results.Case{{}, {Other: rec.Case.Other}}))

	base, head := results.Run{ID: "r1", Records: []results.Record{rec}}, results.Run{ID: "r2", Records: []results.Record{rec}}
	d, err := diff.Compare(base, head, diff.Options{})
	require.NoError(t, err)
	assert.Contains(t, alert.Reproduce(d.Cases[0]), " -inv 42")
	var page strings.Builder
	require.NoError(t, report.Markdown(&page, report.Input{Head: head}))
	assert.Contains(t, page.String(), "invented 42")

	base.Records[0].Measured.TokensPerSecond = results.Speed(rec.Measured.SamplesNS, rec.Case.Tokens())
	for _, f := range export.Formats() {
		var b bytes.Buffer
		require.NoError(t, f.Write(&b, []results.Run{base}), f.Name)
		if f.Name == "badge" { // which counts cases and names none
			continue
		}
		assert.Contains(t, b.String(), "invented", f.Name)
		assert.Contains(t, b.String(), "42", f.Name)
		if strings.HasPrefix(f.Name, "llama-bench") && f.Name != "llama-bench-md" { // which is for people
			again, err := imports.Read(b.Bytes(), "x", imports.Options{})
			require.NoError(t, err, f.Name)
			assert.Equal(t, 42, s.Of(results.Case{Other: strings.Fields(again[0].Records[0].Case.Other)[0]}), f.Name)
		}
	}
	printed := "python -m mlx_lm.benchmark --model x/y --invented 42\nTiming with prompt_tokens=512, generation_tokens=128, batch_size=1.\n" +
		"Trial 1:  prompt_tps=100, generation_tps=10, peak_memory=1.0\n"
	runs, err := imports.Read([]byte(printed), "x", imports.Options{Time: time.Unix(1, 0)})
	require.NoError(t, err)
	assert.Contains(t, runs[0].Records[0].Key(), "n_invented=42")

	st, err := store.Open(t.Context(), t.TempDir()+"/store.db")
	require.NoError(t, err)
	defer st.Close()
	_, err = st.Import(t.Context(), base)
	require.NoError(t, err)
	for series, err := range st.History(t.Context(), store.Filter{}) {
		require.NoError(t, err)
		assert.Equal(t, 42, s.Of(series.Case))
	}
}
