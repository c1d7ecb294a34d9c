package speed

import (
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"

	"assay/predict/roofline"
	"assay/results"
)

// Observations takes from runs what a fit can learn from: timed cases that
// succeeded and whose work was counted. It lists the others, each with why.
func Observations(runs []results.Run) (obs []roofline.Observation, skipped []string) {
	for _, run := range runs {
		for _, rec := range run.ByKey() {
			switch why := NotTimed(rec); {
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

// NotTimed says why a record has no time to learn from.
func NotTimed(r results.Record) string {
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
		Machine: MachineOf(r), Runtime: RuntimeOf(r), Run: r.RunID,
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

// MachineOf names what a fit is of: another number of threads, or of layers on
// the GPU, is another machine.
func MachineOf(r results.Record) string {
	name := r.Host.Machine()
	if r.Runtime.Device != "" {
		name += ", " + r.Runtime.Device
	}
	if r.Case.NThreads == 0 {
		return name // MLX is told neither
	}
	return fmt.Sprintf("%s, %d threads, %d GPU layers", name, r.Case.NThreads, r.Case.NGPULayers)
}

// RuntimeOf names what a fit is of besides the machine: the runtime and its release.
func RuntimeOf(r results.Record) string { return r.Runtime.Name + " " + r.Runtime.Version }

// caseName names a timed case as llama-bench does: "tall q4_0 tg16 @ d512".
func caseName(r results.Record) string {
	return strings.Join(strings.Fields(r.Model.Name+" "+r.Model.Weights()+" "+r.Case.Test()), " ")
}

// WorkOf is the counted work of one sample of a case, as the fit takes it.
func WorkOf(c results.Case, cost *results.Cost) roofline.Work {
	w := roofline.Work{
		Tokens: float64(c.Tokens()), Steps: float64(cost.Steps),
		Products: known(cost.Products), Nodes: known(cost.Nodes),
		KVWrite: float64(cost.KVWriteBytes), Activation: float64(cost.ActivationBytes),
	}
	if l := cost.Layers; l != nil {
		w.Layers = &roofline.Layers{All: float64(l[0]), Experts: float64(l[1]), Recurrent: float64(l[2])}
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

// Uncounted is a runtime whose work cannot be counted yet.
func Uncounted(name string) error {
	return fmt.Errorf("the operations and bytes of %s are not counted, and speed cannot be predicted without them", name)
}
