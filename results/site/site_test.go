package site_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results"
	"assay/results/browser"
	"assay/results/report"
	"assay/results/site"
	"assay/results/trend"
)

// evil is a name that a page, a script or a terminal could take for its own.
const evil = `</script><script>alert(1)</script>"'&<b>` + "\x1b[2J\u202e"

const nights = 40

// machine is one with two timed cases, of which the second became slower by an eighth
// in the 31st of 40 nights with another library, and one of the cache, which refutes
// its prediction in the newest.
func machine(t *testing.T, name, model string) site.Machine {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	m := site.Machine{Name: name}
	first := time.Date(2026, 9, 1, 2, 0, 0, 0, time.UTC)
	var all []results.Series
	for i, c := range []results.Case{{Kind: results.KindPrefill, NPrompt: 512}, {Kind: results.KindDecode, NGen: 128},
		{Kind: results.KindKV, NCtx: 4096}} {
		rec := results.Record{RunID: fmt.Sprintf("n%02d", nights-1), Status: results.StatusOK, Case: c,
			Runtime: results.Runtime{Name: "llama.cpp"},
			Model:   results.Model{Ref: "m.gguf", Name: model, FileType: "Q8_0"}, Checks: []results.Check{{Name: "kv_bytes", OK: c.NCtx == 0}}}
		s := results.Series{Key: rec.Key(), Machine: name, Case: c}
		for n := range nights {
			env, rate := &results.Environment{RuntimeVersion: "b7000"}, 2000.0/float64(1+9*i)
			if n >= 30 {
				env = &results.Environment{RuntimeVersion: "b7001"}
			}
			if n >= 30 && i == 1 {
				rate /= 1.125
			}
			p := results.Point{RunID: fmt.Sprintf("n%02d", n), Time: first.AddDate(0, 0, n), Env: env, KVBytes: new(int64(1 << 20))}
			for range 10 * min(c.Tokens(), 1) {
				p.SamplesNS = append(p.SamplesNS, int64(1e9*float64(c.Tokens())/(rate*(1+0.01*rng.NormFloat64()))))
			}
			s.Points = append(s.Points, p)
		}
		one := site.Case{Record: rec, History: report.NewHistory(s)}
		for k, p := range s.Points {
			one.KVBytes, one.FLOPs = site.Steps(one.KVBytes, k, p.KVBytes), site.Steps(one.FLOPs, k, p.FLOPs)
		}
		m.Cases, all = append(m.Cases, one), append(all, s)
	}
	for n := range nights {
		r := site.Run{ID: fmt.Sprintf("n%02d", n), Time: first.AddDate(0, 0, n), OK: 3}
		if n == nights-1 {
			r.Tags = []string{"release"}
			r.Report = func() (report.Input, error) {
				return report.Input{Head: results.Run{ID: r.ID, Records: []results.Record{m.Cases[0].Record}}}, nil
			}
		}
		m.Runs = append(m.Runs, r)
	}
	var err error
	m.Trend, err = trend.Analyse(func(yield func(results.Series, error) bool) {
		for _, s := range all {
			if !yield(s, nil) {
				return
			}
		}
	}, trend.Options{})
	require.NoError(t, err)
	for i := range m.Cases {
		m.Cases[i].History = m.Cases[i].History.WithChanges(m.Trend.Cases[i].Changes, m.Cases[i].Record.Case.Tokens())
	}
	return m
}

func input(t *testing.T) site.Input {
	return site.Input{Machines: []site.Machine{machine(t, "mini (Apple M4)", "Qwen3 0.6B"), machine(t, "studio", evil)}}
}

func read(t *testing.T, parts ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(parts...))
	require.NoError(t, err)
	return string(text)
}

func TestSite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "site")
	require.NoError(t, site.Write(dir, input(t)))
	wall := read(t, dir, "index.html")
	assert.Contains(t, wall, "6 cases on 2 machines")
	assert.Contains(t, wall, "4 cases to look at")
	assert.Contains(t, wall, "slower since 2026-10-01")
	assert.Contains(t, wall, "not as predicted")

	// Every address within the site leads somewhere, and none out of it.
	pages, err := filepath.Glob(filepath.Join(dir, "*", "*.html"))
	require.NoError(t, err)
	require.Len(t, pages, 7)
	slower := ""
	for _, page := range append(pages, filepath.Join(dir, "index.html"), filepath.Join(dir, "compare.html")) {
		text := read(t, page)
		for _, at := range regexp.MustCompile(`(?:href|data-file|src)="([^"]*)"`).FindAllStringSubmatch(text, -1) {
			to, err := url.Parse(strings.ReplaceAll(at[1], "&amp;", "&"))
			require.NoError(t, err)
			assert.Empty(t, to.Scheme+to.Host, at[1])
			assert.FileExists(t, filepath.Join(filepath.Dir(page), to.Path), "%s in %s", at[1], page)
		}
		for _, markup := range []string{"<script>alert", "<b>", "\x1b", "\u202e"} {
			assert.NotContains(t, text, markup, page)
		}
		if strings.Contains(text, "b7000 → b7001") && strings.Contains(text, "Qwen3") {
			slower = text
		}
	}
	assert.Contains(t, slower, "<title>Qwen3 0.6B Q8_0 · tg128</title>")
	assert.Regexp(t, `data-label="Change">-1[01]\.\d %<`, slower)
	assert.Contains(t, slower, "a=n29&amp;b=n30", "both nights side by side")

	// What a machine measured is data, whatever its names.
	files, err := filepath.Glob(filepath.Join(dir, "data", "*.js"))
	require.NoError(t, err)
	require.Len(t, files, 2)
	for _, file := range files {
		text := read(t, file)
		assert.NotContains(t, text, "<")
		_, rest, _ := strings.Cut(text, ", ")
		var data struct {
			Runs  []struct{ Tags []string }
			Cases []struct {
				Speed [][]float64
				KV    [][2]int64
				In    [][2]int
			}
		}
		require.NoError(t, json.Unmarshal([]byte(strings.TrimSuffix(rest, ");\n")), &data))
		require.Len(t, data.Runs, nights)
		assert.Equal(t, []string{"release"}, data.Runs[nights-1].Tags)
		require.Len(t, data.Cases, 3)
		assert.Len(t, data.Cases[0].Speed, nights)
		assert.Equal(t, [][2]int64{{0, 1 << 20}}, data.Cases[2].KV)
		assert.Equal(t, [][2]int{{0, nights - 1}}, data.Cases[2].In)
	}
}

// A site is replaced whole; a folder with anything else is left alone.
func TestSiteReplacesNothingElse(t *testing.T) {
	dir := t.TempDir()
	in := input(t)
	require.NoError(t, site.Write(dir, in))
	in.Machines = in.Machines[:1]
	require.NoError(t, site.Write(dir, in))
	pages, err := filepath.Glob(filepath.Join(dir, "case", "*.html"))
	require.NoError(t, err)
	assert.Len(t, pages, 3)

	other := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(other, "case"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(other, "case", "mine.txt"), nil, 0o644))
	assert.ErrorContains(t, site.Write(other, in), "holds files that are no site of assay's")
	assert.FileExists(t, filepath.Join(other, "case", "mine.txt"))
}

// The browser filters, compares and shows every page light and dark, on a screen and
// on a phone; the pictures are kept in .artefacts.
func TestSiteInABrowser(t *testing.T) {
	dir := browser.Artefact(t, "site")
	require.NoError(t, os.RemoveAll(dir))
	require.NoError(t, site.Write(dir, input(t)))
	cases, err := filepath.Glob(filepath.Join(dir, "case", "*.html"))
	require.NoError(t, err)
	pages := []string{"site/index.html", "site/compare.html", "site/case/" + filepath.Base(cases[0])}
	widths := []int{320, 768, 1280}
	browser.Fit(t, "fit-site.html", pages, widths)

	at := "file://" + dir
	dom := browser.Run(t, "--virtual-time-budget=5000", "--dump-dom", at+"/index.html#q=qwen3+tg&state=slower+since+2026-10-01")
	assert.Contains(t, dom, ">1 of 6 cases<")
	dom = browser.Run(t, "--virtual-time-budget=5000", "--dump-dom", at+"/compare.html#a=n28&b=n39")
	assert.Contains(t, dom, "3 cases in both runs, 1 of them")
	assert.Contains(t, dom, "assay diff n28 n39")
	assert.Regexp(t, `class="n off">-1[01]\.\d %<`, dom)

	frames, _ := browser.Frames(t, "frames-site.html", pages[:1], widths)
	for _, theme := range []string{"light", "dark"} {
		picture := browser.Picture(t, "site-"+theme+".png", frames, 320+768+1280+20, 1000, theme == "dark")
		assert.Equal(t, theme == "dark", browser.Ground(picture) < 64, theme)
		assert.Greater(t, browser.Colours(picture), 50, theme)
	}
}
