package run

import (
	"context"
	"errors"
	"slices"
	"time"

	"assay/harness/failure"
	"assay/harness/subject"
	"assay/harness/suite"
)

// Canary is one short case that is the same on every night. Since readings of
// heat cannot be trusted, it measures what they should say.
type Canary struct {
	item    subject.Item
	samples int
	timeout time.Duration
}

// newCanary takes the first case of a suite for the first runtime that has one.
func newCanary(ctx context.Context, s *suite.Suite, runtimes []string) (*Canary, error) {
	if s == nil {
		return nil, nil
	}
	for _, rt := range runtimes {
		items, err := suite.Expand(ctx, *s, []string{rt})
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(items, subject.Item.Timed); i >= 0 {
			return &Canary{item: items[i], samples: s.Samples, timeout: time.Duration(s.Timeout)}, nil
		}
	}
	return nil, failure.Input(errors.New("the canary has no timed case for the runtimes that were found"))
}

// CanaryReading is the median time of a canary's sample, and when it was taken.
type CanaryReading struct {
	Time time.Time `json:"time"`
	NS   int64     `json:"ns"`
}

// canary is the newest reading of this run.
type canary struct {
	last *CanaryReading
	// failed is why a reading failed, after which none is taken.
	failed error
}
