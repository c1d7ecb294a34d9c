package output_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/output"
	"assay/results/logit"
)

// read is what is kept of so many rows of random logits; change may spoil a row.
func read(tokens, vocab int, change func(i int, row []float32)) *logit.Output {
	r := output.NewReader(output.NewRandom(vocab), tokens)
	for i := range tokens {
		if !r.Wants(i) {
			continue
		}
		random := rand.New(rand.NewPCG(3, uint64(i)))
		row := make([]float32, vocab)
		for k := range row {
			row[k] = float32(random.NormFloat64())
		}
		if change != nil {
			change(i, row)
		}
		r.Row(i, row)
	}
	return r.Output()
}

// The first token's likelihood, the largest logit and the sums are those of the row.
func TestReaderKeepsWhatTheRowSays(t *testing.T) {
	sequence := output.NewRandom(8)
	r := output.NewReader(sequence, 1)
	row := []float32{0, 1, 2, 3, -4, 5, 6, float32(math.Inf(-1))}
	next := sequence.At(0, 1)
	row[next] = 0.5
	r.Row(0, row)
	sum := 0.0
	for _, l := range row {
		sum += math.Exp(float64(l))
	}
	o := r.Output()
	require.Len(t, o.Positions, 1)
	assert.InDelta(t, math.Log(sum), o.Positions[0].LogSumExp, 1e-9)
	assert.InDelta(t, 0.5-math.Log(sum), o.LogLikelihood, 1e-9)
	assert.EqualValues(t, 6, o.Best[0])
	assert.EqualValues(t, -4, *o.Min)
	assert.Equal(t, int64(1), o.Inf)
	assert.Len(t, o.Positions[0].Tokens, 7, "all that are finite")
}

// What is read of a short sequence is the beginning of what is read of a long one,
// behind windows and micro-batches, in a few kilobytes.
func TestScoredTokens(t *testing.T) {
	short, long := read(64, 300, nil), read(5000, 300, nil)
	d := logit.Diverge(short, long)
	require.NotNil(t, d)
	assert.GreaterOrEqual(t, d.Scored, 48)
	assert.Zero(t, d.Distance)
	for _, at := range []int{0, 512, 520, 2048, 4096, 4999} {
		assert.Contains(t, long.Scored, at)
	}
	text, err := json.Marshal(long)
	require.NoError(t, err)
	assert.Less(t, len(text), 12<<10)
}

// A row with what is not a number is in no figure and is named.
func TestWhatIsNotANumberIsCounted(t *testing.T) {
	o := read(600, 50, func(i int, row []float32) {
		if i >= 520 {
			row[7] = float32(math.NaN())
		}
	})
	assert.Positive(t, o.NaN)
	require.NotNil(t, o.FirstNaN)
	assert.Equal(t, 520, *o.FirstNaN)
	assert.NotContains(t, o.Scored, 520)
	_, err := json.Marshal(o)
	assert.NoError(t, err)
}

// The text is what it is said to be, and is not changed unawares: all outputs that
// were kept of it would no longer be comparable.
func TestText(t *testing.T) {
	assert.InDelta(t, 2000, len(strings.Fields(output.Text())), 250)
	assert.Equal(t, "0d16d7b0", output.NewText(256, bytesOf(output.Text())).SHA256()[:8])
	assert.Equal(t, "62ddaf81", output.NewRandom(64).SHA256()[:8])
}

func bytesOf(text string) []int32 {
	var out []int32
	for _, b := range []byte(text) {
		out = append(out, int32(b))
	}
	return out
}
