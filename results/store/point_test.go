package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results"
)

// A packed point is either what was packed or an error, whatever its bytes.
func FuzzUnpackPoint(f *testing.F) {
	kv, flops := int64(-1), int64(1)<<62
	full := results.Record{
		Time:      time.Unix(0, 1795140000123456789).UTC(),
		Predicted: &results.Predicted{Seconds: &results.Interval{Value: 0.25}},
		Measured:  &results.Measured{SamplesNS: []int64{1 << 40, 3, 1 << 41}, Rounds: []int{0, 0, 1}, KVBytes: &kv, FLOPs: &flops},
	}
	p, err := unpackPoint(packPoint(full))
	require.NoError(f, err)
	predicted := 0.25
	require.Equal(f, results.Point{Time: full.Time, SamplesNS: full.Measured.SamplesNS, Rounds: full.Measured.Rounds,
		KVBytes: &kv, FLOPs: &flops, Predicted: &predicted}, p)

	f.Add(packPoint(full))
	f.Add(packPoint(results.Record{Measured: &results.Measured{}}))
	f.Add([]byte{1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := unpackPoint(b)
		if err != nil {
			return
		}
		rec := results.Record{Time: p.Time, Measured: &results.Measured{SamplesNS: p.SamplesNS, Rounds: p.Rounds,
			KVBytes: p.KVBytes, FLOPs: p.FLOPs}}
		again, err := unpackPoint(packPoint(rec))
		require.NoError(t, err)
		again.Predicted = p.Predicted
		if len(p.SamplesNS) > 0 { // rounds without samples are not packed again
			assert.Equal(t, p.SamplesNS, again.SamplesNS)
		}
		assert.Equal(t, p.Time, again.Time)
	})
}
