// Package runtime says what a runtime is: a library that cases can be run in, what
// it must be able to do, and how a prediction is put into the record's words. It
// does not know any one runtime; each has an adapter of its own.
package runtime

import (
	"context"
	"time"

	"assay/predict/arch"
	"assay/predict/kv"
	"assay/results"
)

// Runtime is a library that cases can be run in: what is known of it without
// loading it. One adapter file a runtime.
type Runtime interface {
	// Name is the runtime's name in records: "llama.cpp" or "mlx".
	Name() string
	// Architecture is what the runtime calls the model's architecture; "" where it
	// does not know it.
	Architecture(f arch.Facts) string
	// Owns reports whether the reference is to a format that no other runtime runs.
	Owns(ref string) bool
	// Behind is the case in which a context that was asked for is full, as far as
	// the runtime's cache holds what came and is not allocated at once.
	Behind(c results.Case) results.Case
	// Rivals are the case's settings in the terms of rival rules; false where the
	// rules do not speak of the runtime.
	Rivals(c results.Case, lib results.Runtime) (kv.Params, bool)
	// Settle drops from the case what makes no difference in this runtime or for
	// this model, so that equal cases look equal.
	Settle(c results.Case, f arch.Facts) results.Case
	// CacheTypes are the types that keys and values can be told to have; none
	// where the cache follows the weights.
	CacheTypes() []string
	// WeightTypes are the types that the matrices of a skeleton of that kind can
	// have; without data any type has its shapes.
	WeightTypes(kind string) []string
	// UsualTypes are the weight types of the model between which people choose, the
	// largest first.
	UsualTypes(f arch.Facts) []string
	// Weigh counts the model's weights in the runtime's files: as they are, or, of a
	// model of which only a config is here, with matrices of the type.
	Weigh(f arch.Facts, weightType string) (Weights, error)
	// WeighAs counts them in each type that they are commonly stored as.
	WeighAs(f arch.Facts) ([]WeightsAs, error)
	// Calibration is what fits this machine for the runtime.
	Calibration(h results.Host) Calibration
	// Predict says what the runtime will do with the case. The cache is predicted
	// from f, the arithmetic from run, the facts of what is really run: they
	// differ where a KV-faithful skeleton stands in for f. weightType is the type
	// that a skeleton's matrices have; lib picks the policy of the library's
	// release, its zero value the pinned one.
	Predict(f, run arch.Facts, weightType string, c results.Case, lib results.Runtime) (*results.Predicted, error)
	// SkeletonFacts are the facts of a skeleton of f, of the given kind.
	SkeletonFacts(f arch.Facts, kind string) (arch.Facts, error)
	// WriteSkeleton writes a model of exactly these facts below dir, unless it is
	// there already, and returns its path.
	WriteSkeleton(ctx context.Context, dir string, f arch.Facts, kind, weightType string) (string, error)
	// SynthAt writes the same at a path of the user's choice.
	SynthAt(ctx context.Context, path string, f arch.Facts, kind, weightType string) error
	// Accepts says why the model at path cannot be run, or nil.
	Accepts(path string, kind results.Kind) error
	// Open finds and opens the library. Only a worker calls it.
	Open() (Engine, error)
}

// The kinds of skeleton.
const (
	SkeletonKV   = "kv"   // what the cache does not depend on is shrunk
	SkeletonFull = "full" // every shape as in the model
	// SkeletonSparse has every shape and no data: enough to plan for.
	SkeletonSparse = "sparse"
)

// Chooser is a runtime of which a case can choose the release or the device before the
// library is opened.
type Chooser interface {
	// Choice is the variable, "NAME=value", with which a worker takes what the case
	// names, "" where that is what it finds by itself; an error of the input where it
	// is not installed.
	Choice(c results.Case) (string, error)
}

// Engine is an opened library.
type Engine interface {
	Describe() results.Runtime
	// Devices are the library's compute devices, one line each.
	Devices() []string
	// Plan lets the library plan for the model at path with nothing allocated.
	Plan(ctx context.Context, path string, c results.Case) (*results.Measured, error)
	// Load reads the model's weights.
	Load(ctx context.Context, path string, c results.Case) (Session, error)
}

// Session is a loaded model.
type Session interface {
	// Observe runs the case once, untimed, and reads all that can be counted.
	// A source that cannot be read is absent; two that disagree are a failed check.
	// What came out is read in a pass of its own, which nothing watches.
	Observe(ctx context.Context, c results.Case) (*results.Measured, []results.Check, error)
	// Time runs the case n times after a warm-up and emits each duration.
	// Nothing of ours runs inside the clock. Behind it, if the case was observed
	// before, it reads what came out.
	Time(ctx context.Context, c results.Case, n int, emit func(time.Duration)) (*results.Measured, error)
	// Close gives back all that the model took.
	Close() error
}
