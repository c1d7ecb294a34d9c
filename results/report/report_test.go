package report_test

import (
	"bytes"
	"encoding/xml"
	"flag"
	unescape "html"
	"io"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results"
	"assay/results/report"
)

// oneOfMany is one thing that is named as if there were several.
var oneOfMany = regexp.MustCompile(`[^\d.,/]1 (cases|runs|nights|rules|machines|points)\b`)

var update = flag.Bool("update", false, "rewrite the files in testdata")

func html(t *testing.T, in report.Input) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, report.HTML(&b, in))
	assert.NotRegexp(t, oneOfMany, b.String())
	return b.String()
}

func markdown(t *testing.T, in report.Input) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, report.Markdown(&b, in))
	assert.NotRegexp(t, oneOfMany, b.String())
	return b.String()
}

func TestMarkdownGolden(t *testing.T) {
	got := markdown(t, sample())
	if *update {
		require.NoError(t, os.WriteFile("testdata/sample.md", []byte(got), 0o644))
	}
	want, err := os.ReadFile("testdata/sample.md")
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

func TestHTMLHasEverySection(t *testing.T) {
	page := html(t, sample())
	for _, want := range []string{
		"1 regression, 1 exact figure changed, 1 case differs from its prediction, 1 case failed, 1 improvement in 19 cases.",
		"KV cache by context", "KV residual by layer", "Speed", "Roofline", "History", "Memory and operations",
		"16 of 48 layers differ.", "+16 MiB", "139 → 128 tokens/s (-7.9 %), between llama.cpp b7000 and b7001.",
		"the worker was killed: out of memory", "assay run -m preset:qwen3-0.6b -p 0 -n 128 -r 10", "the cache is padded to 256 cells",
	} {
		assert.True(t, strings.Contains(unescape.UnescapeString(page), want), want)
	}
}

// The report is read from the top: the verdict, what moved, speed beside what was
// predicted and the run before, memory, and folded the rules of others.
func TestReportIsReadFromTheTop(t *testing.T) {
	in := sample()
	base := results.Run{ID: "before"}
	for _, r := range in.Head.Records {
		if r.Case.Tokens() > 0 {
			measured, speed := *r.Measured, *r.Measured.TokensPerSecond
			speed.Median *= 0.8
			measured.TokensPerSecond, r.Measured = &speed, &measured
			base.Records = append(base.Records, r)
		}
	}
	in.Base = &base
	page := unescape.UnescapeString(html(t, in))
	at := 0
	for _, want := range []string{`class="verdict`, "What moved", "<h2>Speed</h2>", "<h2>History", "<h2>Memory and operations", "<h2>KV cache",
		"<h2>Rules of others</h2>\n<details>"} {
		next := strings.Index(page, want)
		assert.Greater(t, next, at, want)
		at = next
	}
	assert.Equal(t, 6, strings.Count(page, `data-label="Change">+25.0 %<`), "to the run before")
	assert.Regexp(t, `data-label="Off by">-3\.\d %<`, page)

	// Without another run it is the newest of the history.
	in.Base, in.Histories = nil, in.Histories[:1]
	in.Histories[0].Key = base.Records[0].Key()
	assert.Contains(t, html(t, in), "the newest run before this one")
}

// The file needs nothing from anywhere, and runs nothing.
func TestHTMLIsSelfContained(t *testing.T) {
	page := html(t, sample())
	assert.NotRegexp(t, regexp.MustCompile(`(?i)<script|<link|<img|<iframe|src=|href=|url\(|@import|https?:`), page)
	assert.Contains(t, page, `content="default-src 'none'; style-src 'unsafe-inline'"`)
}

// Every picture is well-formed, has a title, and no coordinate in it is none.
func TestPicturesAreWellFormed(t *testing.T) {
	pictures := regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(html(t, sample()), -1)
	assert.Len(t, pictures, 9)
	for _, svg := range pictures {
		in := xml.NewDecoder(strings.NewReader(svg))
		for {
			_, err := in.Token()
			if err == io.EOF {
				break
			}
			require.NoError(t, err, svg)
		}
		assert.NotRegexp(t, `NaN|Inf|%!`, svg)
		assert.Contains(t, svg, "<title>")
	}
}

const evil = "</title></script><script>alert(1)</script><b onmouseover=x>\x1b[31m\u202e|`@ann` ../../etc/passwd \"'"

// hostile has that name wherever a name can stand.
func hostile() report.Input {
	in := sample()
	for i := range in.Head.Records {
		r := &in.Head.Records[i]
		r.Model.Name, r.Model.WeightType, r.Runtime.Version, r.Host.Name, r.Case.Other = evil, evil, evil, evil, evil
		r.Host.Unfit, r.Error, r.Log = []string{evil}, evil, []string{evil}
		for j := range r.Verdicts {
			r.Verdicts[j].Because, r.Verdicts[j].Rules = evil, evil
		}
	}
	in.Title, in.Notes, in.Head.Warnings = evil, []string{evil}, []string{evil}
	for i := range in.Findings {
		f := &in.Findings[i]
		f.Case, f.Before, f.After, f.Details, f.Reproduce = evil, evil, evil, []string{evil}, evil
	}
	for i := range in.Histories {
		in.Histories[i].Key += results.Key(" " + evil)
	}
	in.Rooflines[0].Machine = evil
	return in
}

func TestNamesDoNoHarm(t *testing.T) {
	page := html(t, hostile())
	for _, markup := range []string{"<script", "<b ", "\x1b", "\u202e", "</title></script"} {
		assert.False(t, strings.Contains(page, markup), "%q", markup)
	}
	assert.True(t, strings.Contains(page, "&lt;script&gt;alert(1)"), "the name is shown as it is")

	text := markdown(t, hostile())
	assert.NotContains(t, text, "\x1b")
	assert.NotContains(t, text, "\u202e")
	outside := regexp.MustCompile("(?s)``.*?[^`]``[^`]|`[^`]*`").ReplaceAllString(text, "")
	for _, markup := range []string{"<script", "<b ", "@ann", "</title"} {
		assert.NotContains(t, outside, markup, "outside code spans")
	}
}

// A model with more sets of parameters than colours takes several figures, and
// every set is in one of them.
func TestEverySetOfParametersIsDrawn(t *testing.T) {
	var run results.Run
	for _, ubatch := range []int{32, 64, 128, 256, 1024, 2048} {
		for _, ctx := range []int{4096, 131072} {
			run.Records = append(run.Records, cache("gemma", 2, ctx, func(c *results.Case) { c.NUbatch = ubatch }, false))
		}
	}
	page := html(t, report.Input{Head: run})
	for _, want := range []string{"ubatch 32", "ubatch 64", "ubatch 128", "ubatch 256", "ubatch 1024", "ubatch 2048"} {
		assert.Regexp(t, `</i>\s*`+want+`\s*<`, page)
	}
	assert.Contains(t, page, ">128k<")
	assert.NotContains(t, page, ">131k<")
}

func TestLittleData(t *testing.T) {
	empty := report.Input{Head: results.Run{ID: "r1"}}
	require.Contains(t, html(t, empty), "The run has no records.")
	assert.Contains(t, markdown(t, empty), "The run has no records.")

	all := sample()
	one := report.Input{Head: results.Run{ID: "r1", Records: all.Head.Records[12:13]}}
	one.Head.Records[0].Measured.SamplesNS = one.Head.Records[0].Measured.SamplesNS[:1]
	one.Head.Records[0].Measured.TokensPerSecond = &results.TokensPerSecond{Median: 5, Mean: 5}
	page := html(t, one)
	assert.Contains(t, page, "1 case succeeded")
	assert.Equal(t, 1, strings.Count(page, "<svg"))

	failed := report.Input{Head: results.Run{ID: "r1", Records: all.Head.Records[18:]}}
	require.Contains(t, html(t, failed), "1 case failed in 1 case.")
	assert.NotContains(t, html(t, failed), "<svg")

	quiet := report.Input{Head: results.Run{ID: "r2", Records: all.Head.Records[12:18]}, Base: &results.Run{ID: "r1"}}
	require.Contains(t, html(t, quiet), "Nothing moved in 6 cases.")
	quiet.Findings = []report.Finding{{Severity: report.Missing, Case: "a"}, {Severity: report.Missing, Case: "b"}}
	require.Contains(t, html(t, quiet), `<p class="verdict">2 cases without a partner in 6 cases.`)
}

// A model that was measured in several types or settings has a group of bars for each
// test of two of them; one that was not has none.
func TestSpeedsOfOneModelStandBesideEachOther(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var in report.Input
	for _, c := range []struct {
		weights, typeK string
		test           int
	}{{"q4_K", "f16", 128}, {"q4_K", "q8_0", 128}, {"q8_0", "f16", 128}, {"q8_0", "f16", 64}} {
		rec := timed("two", results.Case{Kind: results.KindDecode, NGen: c.test, FlashAttn: "auto"}, 100, rng)
		rec.Model.WeightType, rec.Case.TypeK, rec.Case.TypeV = c.weights, c.typeK, c.typeK
		in.Head.Records = append(in.Head.Records, rec)
	}
	in.Head.Records = append(in.Head.Records, timed("lone", results.Case{Kind: results.KindDecode, NGen: 128}, 100, rng))
	text := html(t, in)
	_, after, found := strings.Cut(text, "<h2>Speed by type and setting</h2>")
	require.True(t, found)
	section, _, _ := strings.Cut(after, "<h2>")
	assert.Equal(t, 1, strings.Count(section, "<figure>"), "of the model with several")
	assert.Equal(t, 3, strings.Count(section, "<rect "), "one bar each of the test that several have")
	for _, label := range []string{"q4_K", "q4_K, K q8_0, V q8_0", "q8_0"} {
		assert.Contains(t, section, "</i>"+label+"</li>")
	}
	in.Head.Records = in.Head.Records[4:]
	assert.NotContains(t, html(t, in), "Speed by type and setting")
}
