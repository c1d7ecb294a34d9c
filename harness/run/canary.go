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

// Canary is one short case, most of it matrix products of the runtime's own, that is
// the same on every night. Since readings of heat cannot be trusted, it measures what
// they should say.
type Canary struct {
	items   map[string]*subject.Item // by runtime
	samples int
	timeout time.Duration
}

// newCanary takes the first timed case of a suite for each runtime.
func newCanary(ctx context.Context, s *suite.Suite, runtimes []string) (*Canary, error) {
	if s == nil {
		return nil, nil
	}
	c := &Canary{items: map[string]*subject.Item{}, samples: s.Samples, timeout: time.Duration(s.Timeout)}
	for _, rt := range runtimes {
		items, err := suite.Expand(ctx, *s, []string{rt})
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(items, subject.Item.Timed); i >= 0 {
			c.items[rt] = &items[i]
		}
	}
	if len(c.items) == 0 {
		return nil, failure.Input(errors.New("the canary has no timed case for the runtimes that were found"))
	}
	return c, nil
}

// CanaryReading is the median time of a canary's sample in a runtime, and when it was
// taken.
type CanaryReading struct {
	Time    time.Time `json:"time"`
	NS      int64     `json:"ns"`
	Runtime string    `json:"runtime,omitempty"`
}

// canary is the newest reading of this run.
type canary struct {
	last *CanaryReading
	// failed is why a reading of a runtime failed, after which none of it is taken.
	failed map[string]error
}
