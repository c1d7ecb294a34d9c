package harness

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"

	"assay/harness/home"
	"assay/predict/roofline"
	"assay/results"
	"assay/results/store"
)

// Observations takes from runs what a fit can learn from: timed cases that
// succeeded and whose work was counted. It lists the others, each with why.
func Observations(runs []results.Run) (obs []roofline.Observation, skipped []string) {
	for _, run := range runs {
		for _, rec := range run.ByKey() {
			switch why := notTimed(rec); {
			case rec.Case.Kind != results.KindPrefill && rec.Case.Kind != results.KindDecode:
			case why != "":
				skipped = append(skipped, caseName(rec)+": "+why)
			default:
				obs = append(obs, observation(rec))
			}
		}
	}
	slices.SortFunc(obs, func(a, b roofline.Observation) int {
		return strings.Compare(a.Case+a.Run, b.Case+b.Run)
	})
	slices.Sort(skipped)
	return obs, skipped
}

// notTimed says why a record has no time to learn from.
func notTimed(r results.Record) string {
	switch {
	case r.Status != results.StatusOK:
		return string(r.Status) + ": " + r.Error
	case r.Measured == nil || len(r.Measured.SamplesNS) == 0:
		return "it has no samples"
	case r.Predicted == nil || r.Predicted.Cost == nil:
		return "its work was not counted"
	case r.Case.NPrompt > 0 && r.Case.NGen > 0:
		return "it times a prompt and generation together"
	}
	return ""
}

func observation(r results.Record) roofline.Observation {
	return roofline.Observation{
		Case: caseName(r), Model: r.Model.Name, Kind: string(r.Case.Kind), Depth: r.Case.NDepth,
		Machine: machineOf(r), Runtime: runtimeOf(r), Run: r.RunID,
		Work: WorkOf(r.Case, r.Predicted.Cost), Seconds: undisturbed(r.Measured.SamplesNS), Unfit: r.Host.Unfit,
	}
}

// undisturbed is the lower quartile of the samples, in seconds: other load only
// ever adds time, and on a quiet machine the quartile lies within the noise of
// the median.
func undisturbed(samplesNS []int64) float64 {
	v := make([]float64, len(samplesNS))
	for i, ns := range samplesNS {
		v[i] = float64(ns) / 1e9
	}
	slices.Sort(v)
	return stat.Quantile(0.25, stat.Empirical, v, nil)
}

// machineOf names what a fit is of: another number of threads, or of layers on
// the GPU, is another machine.
func machineOf(r results.Record) string {
	name := r.Host.Machine()
	if r.Runtime.Device != "" {
		name += ", " + r.Runtime.Device
	}
	if r.Case.NThreads == 0 {
		return name // MLX is told neither
	}
	return fmt.Sprintf("%s, %d threads, %d GPU layers", name, r.Case.NThreads, r.Case.NGPULayers)
}

func runtimeOf(r results.Record) string { return r.Runtime.Name + " " + r.Runtime.Version }

// caseName names a timed case as llama-bench does: "tall q4_0 tg16 @ d512".
func caseName(r results.Record) string {
	return strings.Join(strings.Fields(r.Model.Name+" "+r.Model.WeightType+" "+r.Case.Test()), " ")
}

// WorkOf is the counted work of one sample of a case, as the fit takes it.
func WorkOf(c results.Case, cost *results.Cost) roofline.Work {
	w := roofline.Work{
		Tokens: float64(c.Tokens()), Steps: float64(cost.Steps),
		Products: known(cost.Products), Nodes: known(cost.Nodes),
		KVWrite: float64(cost.KVWriteBytes), Activation: float64(cost.ActivationBytes),
	}
	for _, t := range cost.Terms {
		w.Terms = append(w.Terms, roofline.Term{
			Class: t.Class, Type: t.Type, FLOPs: float64(t.FLOPs), Bytes: float64(t.Bytes),
			LiveFLOPs: known(t.LiveFLOPs), RowBytes: known(t.RowBytes),
		})
	}
	return w
}

// known is a count as the fit takes it; nil stays nil.
func known(n *int64) *float64 {
	if n == nil {
		return nil
	}
	v := float64(*n)
	return &v
}

// FitRuns fits the runs and gives the fit an id.
func FitRuns(runs []results.Run, opt roofline.Options) (*roofline.Fit, []roofline.Observation, error) {
	obs, skipped := Observations(runs)
	fit, err := roofline.New(obs, opt)
	if err != nil && len(skipped) > 0 {
		err = fmt.Errorf("%w (%d cases could not be used, the first: %s)", err, len(skipped), skipped[0])
	}
	if err != nil {
		return nil, nil, inputError{err}
	}
	fit.LeftOut = append(skipped, fit.LeftOut...)
	var salt [3]byte
	_, _ = rand.Read(salt[:]) // never fails, by its documentation
	fit.ID = "fit-" + fit.Time.Format("20060102-150405") + "-" + hex.EncodeToString(salt[:])
	return fit, obs, nil
}

// HostOf is the host of the first record that any of the runs has: one that was
// interrupted early has none.
func HostOf(runs []results.Run) results.Host {
	for _, run := range runs {
		if len(run.Records) > 0 {
			return run.Records[0].Host
		}
	}
	return results.Host{}
}

// OpenStore opens a store for writing, too: a file or DSN, or the user's own if
// dsn is empty.
func OpenStore(ctx context.Context, dsn string) (*store.Store, error) {
	return openStore(ctx, dsn, store.Open)
}

// ReadStore opens the same store and makes none.
func ReadStore(ctx context.Context, dsn string) (*store.Store, error) {
	return openStore(ctx, dsn, store.Read)
}

func openStore(ctx context.Context, dsn string, open func(context.Context, string) (*store.Store, error)) (*store.Store, error) {
	if dsn == "" {
		dirs, err := home.Find()
		if err != nil {
			return nil, err
		}
		dsn = dirs.Store()
	}
	return open(ctx, dsn)
}

// SelectRuns reads the runs that the selectors name, from the store or files.
func SelectRuns(ctx context.Context, s *store.Store, selectors []string) ([]results.Run, error) {
	var runs []results.Run
	for _, selector := range selectors {
		run, err := s.Select(ctx, selector, store.Filter{}, readAny)
		if err != nil {
			return nil, inputError{err}
		}
		runs = append(runs, run)
	}
	return runs, nil
}

// SaveFit stores a fit with the runs that it came from.
func SaveFit(ctx context.Context, s *store.Store, fit *roofline.Fit) error {
	body, err := json.Marshal(fit)
	if err != nil {
		return fmt.Errorf("fit %s: %w", fit.ID, err)
	}
	return s.AddFit(ctx, store.Fit{ID: fit.ID, Machine: fit.Machine, Time: fit.Time, Runs: fit.Runs, Body: body})
}

// LoadFit reads a fit from a file, or from the store by its id, the beginning
// of only one id, or "latest".
func LoadFit(ctx context.Context, s *store.Store, name string) (*roofline.Fit, error) {
	body, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		body, err = storedFit(ctx, s, name)
	}
	if err != nil {
		return nil, inputError{err}
	}
	var fit roofline.Fit
	if err := json.Unmarshal(body, &fit); err != nil {
		return nil, inputError{fmt.Errorf("fit %s: %w", name, err)}
	}
	if len(fit.Parameters) == 0 {
		return nil, inputError{fmt.Errorf("fit %s has no parameters: it is no fit", name)}
	}
	return &fit, nil
}

func storedFit(ctx context.Context, s *store.Store, name string) ([]byte, error) {
	fits, err := s.Fits(ctx, "")
	if err != nil {
		return nil, err
	}
	var found []store.Fit
	for _, f := range fits {
		if f.ID == name {
			return f.Body, nil
		}
		if strings.HasPrefix(f.ID, name) || strings.HasPrefix(f.ID, "fit-"+name) {
			found = append(found, f)
		}
	}
	switch {
	case name == "latest" && len(fits) > 0:
		return fits[len(fits)-1].Body, nil
	case len(found) == 1:
		return found[0].Body, nil
	case len(found) > 1:
		return nil, fmt.Errorf("%d fits begin with %q: %s, %s, ...", len(found), name, found[0].ID, found[1].ID)
	}
	return nil, fmt.Errorf("no fit %q in the store; 'assay fit' makes one from a run", name)
}
