package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results"
	"assay/results/store"
)

// twin is a run of two cases of a file, one of two of the same name that differ in size.
func twin(id string, size int64) results.Run {
	run := runOf(id, 2)
	for i := range run.Records {
		r := &run.Records[i]
		r.Time = r.Time.Add(time.Duration(size) * time.Hour)
		r.Model.WeightBytes, r.Model.NParams = &size, new(int64(100))
		r.Model.SizeBytes, r.Model.HeaderSHA256, r.Model.FileType = &size, fmt.Sprintf("%012d%052d", size, 0), "Q4_K - Medium"
	}
	return run
}

// earlier is the run as it was recorded before a file's identity was.
func earlier(run results.Run) results.Run {
	for i := range run.Records {
		m := &run.Records[i].Model
		m.SizeBytes, m.HeaderSHA256, m.FileType = nil, "", ""
	}
	return run
}

// histories are the runs of each series of the store, by its key.
func histories(t *testing.T, st *store.Store) map[results.Key][]string {
	out := map[results.Key][]string{}
	for s, err := range st.History(context.Background(), store.Filter{}) {
		require.NoError(t, err)
		for _, p := range s.Points {
			out[s.Key] = append(out[s.Key], p.RunID)
		}
	}
	return out
}

// A history from before a file's identity was part of a key goes on under the new
// key, with its baseline; what was stored is read as it was.
func TestAnEarlierHistoryGoesOn(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		ctx, st := context.Background(), open(t, dsn)
		enter := func(run results.Run) int {
			n, err := st.Import(ctx, run)
			require.NoError(t, err)
			return n
		}
		before, now := earlier(twin("before", 7)), twin("now", 7)
		keys := []results.Key{now.Records[0].Key(), now.Records[1].Key()}
		enter(before)
		machine := before.Records[0].Host.Machine()
		move := store.Baseline{Machine: machine, Key: string(before.Records[0].Key()), Run: "before", Time: night, Who: "x", Why: "y"}
		require.NoError(t, st.MoveBaseline(ctx, move))
		require.NoError(t, st.PutDocument(ctx, "memory", machine, []results.Key{before.Records[0].Key(), before.Records[1].Key(), "another"}))
		enter(now)

		want := map[results.Key][]string{keys[0]: {"before", "now"}, keys[1]: {"before", "now"}}
		assert.Equal(t, want, histories(t, st))
		moves, err := st.Baselines(ctx, machine)
		require.NoError(t, err)
		assert.Equal(t, string(keys[0]), moves[0].Key)
		var remembered []results.Key
		_, err = st.Document(ctx, "memory", machine, &remembered)
		require.NoError(t, err)
		assert.Equal(t, append(keys, "another"), remembered, "an open alert is about the case by its key now")
		got, err := st.Run(ctx, "before")
		require.NoError(t, err)
		assert.Equal(t, keys[1], got.Records[1].Key(), "an earlier record is read with the identity of its series")

		assert.Zero(t, enter(before), "the earlier run's file changes nothing")
		assert.Zero(t, enter(got), "and nor does what is exported of it now")
		assert.Equal(t, want, histories(t, st))

		enter(earlier(twin("other", 9)))
		enter(twin("other-now", 9))
		enter(earlier(twin("more", 7)))
		for key, runs := range histories(t, st) {
			if key == keys[0] || key == keys[1] {
				assert.Equal(t, []string{"before", "now", "more"}, runs, "another model of that name is not of this history")
			} else {
				assert.NotContains(t, runs, "now")
			}
		}
	})
}

// Where a history has two models of one name it is nobody's.
func TestAMixedHistoryStandsAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		ctx, st := context.Background(), open(t, dsn)
		mixed := earlier(twin("a", 7)).Records[0].Key()
		for _, run := range []results.Run{earlier(twin("a", 7)), earlier(twin("b", 9)), twin("c", 7), twin("d", 9)} {
			_, err := st.Import(ctx, run)
			require.NoError(t, err)
		}
		assert.Equal(t, []string{"a", "b"}, histories(t, st)[mixed])
		assert.Equal(t, []string{"c"}, histories(t, st)[twin("c", 7).Records[0].Key()])
		for s, err := range st.History(ctx, store.Filter{}) {
			require.NoError(t, err)
			if s.Points[0].RunID != "a" {
				assert.NotEmpty(t, s.Earlier)
			}
		}
	})
}
