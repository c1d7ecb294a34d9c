package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/harness/archive"
	"assay/harness/machine"
	"assay/harness/model"
	"assay/harness/speed"
	"assay/predict/machines"
	"assay/predict/published"
	"assay/results"
	"assay/results/figure"
)

// forecastFlags choose by what speed is predicted, and for which contexts.
type forecastFlags struct {
	fit, chip, store, memory string
	contexts                 *list[int]
	mac                      published.Setting
}

func newForecastFlags(fs *flag.FlagSet) *forecastFlags {
	o := &forecastFlags{contexts: numbers()}
	fs.StringVar(&o.fit, "fit", "", "predict speed by this fit: an `id`, the beginning of one, latest, or a file")
	fs.StringVar(&o.chip, "chip", "", "predict speed on this Mac or `chip` from published figures: 'M2 Max', M4Max-40, 'MacBook Air M5'")
	fs.BoolVar(&o.mac.NoTensor, "no-tensor", false, "with --chip: the library has no kernels for an M5's tensor units")
	fs.BoolVar(&o.mac.Server, "server", false, "with --chip: tokens come through an HTTP server such as Ollama")
	fs.StringVar(&o.store, "store", "", "`file` or postgres:// DSN of the store with the fits (default: in assay's data folder)")
	fs.StringVar(&o.memory, "memory", "", "what weights and cache may take, `size` such as 16GiB (default: three quarters of this machine's)")
	fs.Var(o.contexts, "contexts", "context `lengths` to predict speed for (default 512,2048,8192,32768)")
	return o
}

// asked reports whether speed is to be predicted.
func (o *forecastFlags) asked() bool { return o.fit != "" || o.chip != "" }

func (o *forecastFlags) check() error {
	if o.fit != "" && o.chip != "" {
		return usagef("--fit and --chip are two sources of speed; choose one")
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
		Runtime: runtime, WeightType: weights, Case: c, Contexts: o.contexts.values, MemoryBytes: memory,
	})
}

func (o *forecastFlags) predictor(ctx context.Context, runtime string) (model.Predictor, error) {
	if o.chip != "" {
		m, err := machines.Find(o.chip)
		if err != nil && !errors.Is(err, machines.ErrNeverSold) {
			return nil, usageError{err}
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
	n, err := parseBytes(o.memory)
	if err != nil {
		return 0, usagef("--memory %s: %w", o.memory, err)
	}
	return n, nil
}

// sizeWords are a number and a unit of 1024.
var sizeWords = regexp.MustCompile(`^([0-9]*\.?[0-9]+) *([KMGTP]?)(?:I?B)?$`)

// parseBytes reads a size with a unit of 1024: 16GiB, 16G, 512MiB.
func parseBytes(s string) (int64, error) {
	m := sizeWords.FindStringSubmatch(strings.ToUpper(strings.TrimSpace(s)))
	if m == nil {
		return 0, errNoSize
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if m[2] != "" {
		n *= math.Pow(1024, float64(1+strings.Index("KMGTP", m[2])))
	}
	if err != nil || n < 1 || n >= math.MaxInt64 {
		return 0, errNoSize
	}
	return int64(n), nil
}

var errNoSize = errors.New("a size is a number above 0 and a unit, such as 16GiB")

func printForecast(w io.Writer, f model.Forecast) {
	fmt.Fprintf(w, "%s\n\n", wrapped("speed: "+safe(f.Basis)+"; 'first' is the time to the first token of a prompt that fills the context", ""))
	t := newTable(w, table.Row{"context", "memory", "pp t/s", "95 %", "first", "tg t/s", "95 % ", "bound by"},
		"context", "memory", "pp t/s", "95 %", "first", "tg t/s", "95 % ")
	wrapColumn(t, "bound by", 12)
	notes := map[string]bool{}
	for _, r := range f.Rows {
		bound := fmt.Sprintf("pp %s, tg %s", r.Prefill.Bound, r.Decode.Bound)
		if r.Prefill.Bound == r.Decode.Bound {
			bound = string(r.Decode.Bound)
		}
		context := fmt.Sprint(r.Context)
		if r.Extrapolated {
			context += "*"
			notes[fmt.Sprintf("* longer than anything that was measured (%d): an extrapolation", f.MeasuredContext)] = true
		}
		if !r.Fits {
			context += "!"
			notes["! does not fit in "+figure.Bytes(f.MemoryBytes)] = true
		}
		p, d := r.Prefill.TokensPerSecond, r.Decode.TokensPerSecond
		t.AppendRow(table.Row{
			context, figure.Bytes(r.NeedBytes), figure.Rate(p.Value), figure.Rate(p.Lo) + "–" + figure.Rate(p.Hi), figure.Rate(r.FirstToken.Value) + " s",
			figure.Rate(d.Value), figure.Rate(d.Lo) + "–" + figure.Rate(d.Hi), bound,
		})
	}
	t.Render()
	for _, note := range sortedKeys(notes) {
		fmt.Fprintln(w, note)
	}
	if f.LargestContext != nil {
		fmt.Fprintf(w, "\nlargest context in %s: %d tokens\n(weights and cache; compute buffers come on top)\n", figure.Bytes(f.MemoryBytes), *f.LargestContext)
	} else {
		fmt.Fprintf(w, "\nnot even a context of 256 fits in %s beside the weights\n", figure.Bytes(f.MemoryBytes))
	}
}
