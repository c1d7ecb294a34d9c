package report_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results"
	"assay/results/diff"
	"assay/results/report"
	"assay/results/trend"
)

// pair is two equal runs of ten timed cases and a cache, a night apart.
func pair() (base, head results.Run) {
	rng := rand.New(rand.NewPCG(3, 4))
	for i, run := range []*results.Run{&base, &head} {
		run.ID = []string{"r1", "r2"}[i]
		for n := range 10 {
			run.Records = append(run.Records, timed("qwen3-0.6b", results.Case{Kind: results.KindDecode, NGen: 128, NDepth: 64 * n}, 128, rng))
		}
		run.Records = append(run.Records, cache("qwen3-0.6b", 4, 1024, func(*results.Case) {}, false))
		for j := range run.Records {
			run.Records[j].RunID, run.Records[j].Time = run.ID, night.AddDate(0, 0, i)
			run.Records[j].Measured.Rounds = nil
		}
	}
	return base, head
}

func TestFromDiff(t *testing.T) {
	base, head := pair()
	d, err := diff.Compare(base, head, diff.Options{})
	require.NoError(t, err)
	findings, _ := report.FromDiff(d)
	assert.Empty(t, findings, "nothing moved")

	for i := range head.Records[3].Measured.SamplesNS {
		head.Records[3].Measured.SamplesNS[i] = head.Records[3].Measured.SamplesNS[i] * 3
	}
	head.Records[10].Measured.KVLayers[2].KBytes += 4096
	head.Records[5].Status, head.Records[5].Error = results.StatusFailed, "killed"
	head.Records = append(head.Records[:8], head.Records[9:]...)
	d, err = diff.Compare(base, head, diff.Options{})
	require.NoError(t, err)
	findings, _ = report.FromDiff(d)
	var seen []report.Severity
	for _, f := range findings {
		seen = append(seen, f.Severity)
	}
	assert.Equal(t, []report.Severity{report.Regression, report.Regression, report.Changed, report.Missing}, seen)
	assert.Equal(t, "llama.cpp · qwen3-0.6b · tg128 @ d192", findings[0].Case)
	assert.Regexp(t, `^-6[5-8]\.\d % \[`, findings[0].Change)
	assert.Regexp(t, `^p = .* over all cases$`, findings[0].Sure)
	assert.Contains(t, findings[0].Reproduce, "assay run -m preset:qwen3-0.6b")
	assert.Equal(t, []string{"killed"}, findings[1].Details)
	assert.Contains(t, findings[2].Figure, "layer 2")
	assert.Equal(t, "only in the run before", findings[3].After)
}

func TestFromTrend(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	key := results.Key("llama.cpp qwen3-0.6b decode n_gen=128")
	s := results.Series{Key: key, Case: results.Case{Kind: results.KindDecode, NGen: 128}, Machine: "mini"}
	for n := range 40 {
		env, rate := &results.Environment{RuntimeVersion: "b7000"}, 128.0
		if n >= 25 {
			env, rate = &results.Environment{RuntimeVersion: "b7001"}, 110
		}
		s.Points = append(s.Points, results.Point{RunID: time.Unix(int64(n), 0).UTC().Format("150405"), Time: night.AddDate(0, 0, n),
			Env: env, SamplesNS: samples(rate, 128, rng)})
	}
	found, err := trend.Analyse(func(yield func(results.Series, error) bool) { yield(s, nil) }, trend.Options{})
	require.NoError(t, err)
	histories := report.FromTrend(found, []results.Series{s})
	require.Len(t, histories, 1)
	require.Len(t, histories[0].Changes, 1)
	c := histories[0].Changes[0]
	assert.Equal(t, 25, c.At)
	assert.InDelta(t, 128, c.Before, 2)
	assert.InDelta(t, 110, c.After, 2)
	assert.Contains(t, c.Between, "from b7000 to b7001")
}
