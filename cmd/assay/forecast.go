package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"assay/cmd/assay/line"
	"assay/harness/archive"
	"assay/harness/failure"
	"assay/harness/model"
	"assay/harness/speed"
	"assay/harness/subject"
	"assay/predict/machines"
	"assay/predict/published"
	"assay/results"
)

// forecastFlags choose by what speed is predicted, and for which contexts.
type forecastFlags struct {
	fit, chip, store, memory string
	contexts                 *line.List[int]
	mac                      published.Setting
	gen, macOS               int
}

func newForecastFlags(fs *flag.FlagSet) *forecastFlags {
	o := &forecastFlags{contexts: line.TokenCounts()}
	fs.StringVar(&o.fit, "fit", "", "predict speed by this fit: an `id`, the beginning of one, latest, or a file")
	usage := "predict for this Mac or `chip` in words: 'M4 Max 36GB', M4Max-40, 'MacBook Air M5'"
	fs.StringVar(&o.chip, "machine", "", usage)
	fs.StringVar(&o.chip, "chip", "", usage+"; the same as --machine")
	fs.IntVar(&o.macOS, "macos", 0, "`version` of macOS, which decides what a GPU may have (default: the newest)")
	fs.BoolVar(&o.mac.NoTensor, "no-tensor", false, "with --chip: the library has no kernels for an M5's tensor units")
	fs.BoolVar(&o.mac.Server, "server", false, "with --chip: tokens come through an HTTP server such as Ollama")
	fs.StringVar(&o.store, "store", "", "`file` or postgres:// DSN of the store with the fits (default: in assay's data folder)")
	fs.StringVar(&o.memory, "memory", "", "what the model may take, `size` such as 36GB; the Mac's memory where --machine names none "+
		"(default: what macOS gives the GPU)")
	fs.IntVar(&o.gen, "n", 128, "generated `tokens` whose speed is predicted, behind -d others")
	fs.Var(o.contexts, "contexts", "context `lengths` to predict speed for, such as 8k,32k (default 512,2048,8192,32768 and that of -c)")
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
func (o *forecastFlags) forecast(ctx context.Context, ask subject.Ask, in model.Place, c results.Case) (*model.Forecast, error) {
	by, err := o.predictor(ctx, ask.Runtime)
	if err != nil {
		return nil, err
	}
	f, err := model.NewForecast(ctx, ask.Ref, by, model.ForecastOptions{
		Runtime: ask.Runtime, WeightType: ask.WeightType, Case: c, Contexts: o.contexts.Values, Prompt: c.NPrompt, Gen: o.gen,
		MemoryBytes: in.LimitBytes, Device: in.Device, MemoryBasis: in.Name + "; " + in.Basis,
	})
	return &f, err
}

func (o *forecastFlags) predictor(ctx context.Context, runtime string) (model.Predictor, error) {
	if o.chip != "" {
		words, _, err := machineWords(o.chip, o.memory)
		if err != nil {
			return nil, err
		}
		m, err := machines.Find(words)
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

// place is the machine that is meant, or this one, with what a model may take there.
func (o *forecastFlags) place(ctx context.Context) (model.Place, error) {
	return placeOf(ctx, o.chip, o.memory, o.store, o.macOS)
}

// placeOf is the machine that words name, this one without them, and what a model may
// take there.
func placeOf(ctx context.Context, words, memory, store string, macOS int) (in model.Place, err error) {
	words, limit, err := machineWords(words, memory)
	if err != nil {
		return in, err
	}
	if words == "" {
		in = model.Here(ctx, store, macOS)
	} else if in, err = model.Described(words, macOS); err != nil {
		return in, line.Usagef("--machine %w", err)
	}
	if limit > 0 {
		in.LimitBytes, in.Basis = limit, "given with --memory"
	}
	return in, nil
}

// machineWords are the words of a machine with its memory among them: the one that is
// given, where they name none. Else what is given limits what a model may take.
func machineWords(words, memory string) (with string, limit int64, err error) {
	if memory != "" {
		if limit, err = line.Bytes(memory); err != nil {
			return "", 0, line.Usagef("--memory %s: %w", memory, err)
		}
	}
	m, err := machines.Find(words)
	whole := limit > 0 && limit%(1<<30) == 0 // no Mac has a part of a GB
	if words == "" || err != nil || m.MemoryBytes != nil || len(m.Sizes()) == 0 || !whole {
		return words, limit, nil // what is wrong with the words is said where they are used
	}
	return fmt.Sprintf("%s %dGB", words, limit>>30), 0, nil
}

// smallest adds the smallest memory that a chip was sold with, where nothing says it.
func (o *forecastFlags) smallest() {
	m, err := machines.Find(o.chip)
	if o.chip == "" || err != nil || m.MemoryBytes != nil || o.memory != "" {
		return
	}
	for _, gib := range m.Sizes() {
		words := fmt.Sprintf("%s %dGB", o.chip, gib)
		if _, err := machines.Find(words); err == nil {
			o.chip = words
			return
		}
	}
}
