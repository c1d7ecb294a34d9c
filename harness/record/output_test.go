package record_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/harness/record"
	"assay/results"
	"assay/results/logit"
)

// output is a record with two logits at one position.
func output(flash string, last float32) results.Record {
	return results.Record{
		Status: results.StatusOK, Case: results.Case{Kind: results.KindPrefill, NPrompt: 4, FlashAttn: flash},
		Predicted: &results.Predicted{OutputNoise: &logit.Noise{Distance: 0.01}},
		Measured: &results.Measured{Output: &logit.Output{
			Sequence: "random", Positions: []logit.Position{{Spread: 1, Tokens: []int32{0, 1}, Logits: []float32{0, last}}},
		}},
	}
}

// A pair that agrees is a check that holds, one that does not is named with the
// settings that it differs in, and a case that nothing is like has no check.
func TestCameOut(t *testing.T) {
	before := []results.Record{output("on", 1)}
	same, off := output("off", 1.001), output("off", 2)
	record.CameOut(&same, before)
	assert.Equal(t, []results.Check{{Name: results.OutputCheck, OK: true}}, same.Checks)
	record.CameOut(&off, append(before, same))
	if assert.Len(t, off.Checks, 1) {
		assert.False(t, off.Checks[0].OK)
		assert.Contains(t, off.Checks[0].Detail, "pp4 fa=off against pp4 fa=on: logits")
	}
	alone := output("on", 1)
	record.CameOut(&alone, nil)
	assert.Empty(t, alone.Checks)
}

// What is not a number fails the case, and is no output for others to be held against.
func TestNotANumberFailsTheCase(t *testing.T) {
	garbage := output("on", 1)
	first := 17
	garbage.Measured.Output.NaN, garbage.Measured.Output.FirstNaN = 64, &first
	record.CameOut(&garbage, nil)
	assert.Equal(t, results.StatusFailed, garbage.Status)
	assert.Contains(t, garbage.Error, "64 logits, the first behind token 17")
	sound := output("off", 1)
	record.CameOut(&sound, []results.Record{garbage})
	assert.Empty(t, sound.Checks)
}
