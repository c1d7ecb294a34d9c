package main

import (
	"context"
	"errors"
	"flag"

	"assay/cmd/assay/line"
	"assay/harness/archive"
	"assay/harness/failure"
	"assay/harness/machine"
	"assay/harness/model"
	"assay/harness/speed"
	"assay/predict/machines"
	"assay/predict/published"
	"assay/results"
)

// forecastFlags choose by what speed is predicted, and for which contexts.
type forecastFlags struct {
	fit, chip, store, memory string
	contexts                 *line.List[int]
	mac                      published.Setting
	gen                      int
}

func newForecastFlags(fs *flag.FlagSet) *forecastFlags {
	o := &forecastFlags{contexts: line.Numbers()}
	fs.StringVar(&o.fit, "fit", "", "predict speed by this fit: an `id`, the beginning of one, latest, or a file")
	fs.StringVar(&o.chip, "chip", "", "predict speed on this Mac or `chip` from published figures: 'M2 Max', M4Max-40, 'MacBook Air M5'")
	fs.BoolVar(&o.mac.NoTensor, "no-tensor", false, "with --chip: the library has no kernels for an M5's tensor units")
	fs.BoolVar(&o.mac.Server, "server", false, "with --chip: tokens come through an HTTP server such as Ollama")
	fs.StringVar(&o.store, "store", "", "`file` or postgres:// DSN of the store with the fits (default: in assay's data folder)")
	fs.StringVar(&o.memory, "memory", "", "what weights and cache may take, `size` such as 16GiB (default: three quarters of this machine's)")
	fs.IntVar(&o.gen, "n", 128, "generated `tokens` whose speed is predicted, behind -d others")
	fs.Var(o.contexts, "contexts", "context `lengths` to predict speed for (default 512,2048,8192,32768)")
	return o
}

// asked reports whether speed is to be predicted.
func (o *forecastFlags) asked() bool { return o.fit != "" || o.chip != "" }

func (o *forecastFlags) check() error {
	if o.fit != "" && o.chip != "" {
		return line.Usagef("--fit and --chip are two sources of speed; choose one")
	}
	if _, err := line.Bytes(o.memory); o.memory != "" && err != nil {
		return line.Usagef("--memory %s: %w", o.memory, err)
	}
	if o.gen < 0 {
		return line.Usagef("-n %d must be a number of tokens", o.gen)
	}
	return nil
}

// forecast predicts the speed of the model.
func (o *forecastFlags) forecast(ctx context.Context, ref, runtime, weights string, c results.Case) (model.Forecast, error) {
	by, err := o.predictor(ctx, runtime)
	if err != nil {
		return model.Forecast{}, err
	}
	memory, err := o.memoryBytes(ctx)
	if err != nil {
		return model.Forecast{}, err
	}
	return model.NewForecast(ctx, ref, by, model.ForecastOptions{
		Runtime: runtime, WeightType: weights, Case: c, Contexts: o.contexts.Values, Prompt: c.NPrompt, Gen: o.gen, MemoryBytes: memory,
	})
}

func (o *forecastFlags) predictor(ctx context.Context, runtime string) (model.Predictor, error) {
	if o.chip != "" {
		m, err := machines.Find(o.chip)
		if err != nil && !errors.Is(err, machines.ErrNeverSold) {
			return nil, failure.Input(err)
		}
		s := o.mac
		s.Runtime, s.Fanless = runtime, m.Fanless()
		return published.New(m, s)
	}
	db, err := archive.Read(ctx, o.store)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	return speed.Load(ctx, db, o.fit)
}

// workingSet is the share of a machine's memory that Metal recommends a process
// to keep resident on larger Macs (recommendedMaxWorkingSetSize).
const workingSet = 0.75

func (o *forecastFlags) memoryBytes(ctx context.Context) (int64, error) {
	if o.memory == "" {
		return int64(workingSet * float64(machine.Read(ctx).MemoryBytes)), nil
	}
	n, err := line.Bytes(o.memory)
	if err != nil {
		return 0, line.Usagef("--memory %s: %w", o.memory, err)
	}
	return n, nil
}
