package harness

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"assay/harness/home"
	"assay/predict/arch"
	"assay/predict/roofline"
	"assay/results"
)

// calibrationModels are the shapes that a calibration chooses from: configs of
// nobody's models, large enough that their weights do not stay in a processor's
// cache and small enough to be written and run in seconds. Every row is a
// multiple of 256, so that each weight type can hold all of them.
//
//go:embed calibration/*.json calibration/experts/*.json
var calibrationModels embed.FS

// CalibrateOptions say what a calibration is for.
type CalibrateOptions struct {
	Runtime     string
	WeightTypes []string
	Threads     int // 0: the cores
	GPULayers   int
	// Experts adds mixtures of experts, without which such models cannot be
	// predicted: their products have kernels and rates of their own.
	Experts bool
	Budget  time.Duration
}

// Defaults of a calibration: the types that most published models come in.
var (
	calibrationTypes  = []string{"f16", "q8_0", "q4_0"}
	calibrationBudget = 5 * time.Minute
)

// budgetSpare is the part of the budget that is left for what the estimate of
// the cases' time misses: 3 % where it was 3 min 4 s and the run took 3 min 10 s.
const budgetSpare = 10

// What each chosen case is measured with.
const (
	calibrationRounds  = 2
	calibrationSamples = 3
)

// CalibrationSuite designs the suite from which this machine can be fitted: of
// every shape, weight type, length and depth the smallest set of cases from
// which the fit is well conditioned (roofline.Calibrate), within the budget.
func CalibrationSuite(ctx context.Context, opt CalibrateOptions) (Suite, roofline.Calibration, error) {
	opt = opt.withDefaults()
	refs, err := writeCalibrationModels(opt.Experts)
	if err != nil {
		return Suite{}, roofline.Calibration{}, err
	}
	rt, err := RuntimeNamed(opt.Runtime)
	if err != nil {
		return Suite{}, roofline.Calibration{}, err
	}
	if err := checkCalibration(rt, opt); err != nil {
		return Suite{}, roofline.Calibration{}, err
	}
	n := nominal(ReadHost(ctx), opt)
	var groups []CaseGroup
	var candidates []roofline.Candidate
	for _, ref := range refs {
		f, err := arch.Load(ctx, ref, arch.Options{})
		if err != nil {
			return Suite{}, roofline.Calibration{}, fmt.Errorf("calibration: %w", err)
		}
		for _, g := range calibrationGroups(ref, opt) {
			c, err := candidate(rt, f, g, n)
			if err != nil {
				return Suite{}, roofline.Calibration{}, fmt.Errorf("calibration: %w", err)
			}
			groups, candidates = append(groups, g), append(candidates, c)
		}
	}
	plan, err := roofline.Calibrate(candidates, n, opt.Budget-opt.Budget/budgetSpare)
	if err != nil {
		return Suite{}, roofline.Calibration{}, inputError{fmt.Errorf("calibration: %w", err)}
	}
	s := Suite{Name: "calibration", Rounds: calibrationRounds, Samples: calibrationSamples, Budget: Duration(opt.Budget)}
	for _, i := range plan.Chosen {
		s.Groups = append(s.Groups, groups[i])
	}
	return s.withDefaults(), plan, nil
}

// checkCalibration holds what was asked for against what the runtime can do.
func checkCalibration(rt Runtime, opt CalibrateOptions) error {
	g := CaseGroup{Runtimes: []string{rt.Name()}, WeightTypes: opt.WeightTypes, NThreads: []int{opt.Threads}, NGPULayers: []int{opt.GPULayers}}
	if m := g.checkBounds(); m != nil {
		return inputError{m}
	}
	return nil
}

func (o CalibrateOptions) withDefaults() CalibrateOptions {
	setDefault(&o.Runtime, llamaCppName)
	setDefault(&o.Threads, runtime.NumCPU())
	setDefault(&o.Budget, calibrationBudget)
	if len(o.WeightTypes) == 0 {
		o.WeightTypes = calibrationTypes
	}
	return o
}

// writeCalibrationModels puts the shapes where a suite, and a run that is
// resumed, can refer to them, and returns the references.
func writeCalibrationModels(experts bool) ([]string, error) {
	dirs, err := home.Find()
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(calibrationModels, "calibration/*.json")
	if err == nil && experts {
		var more []string
		more, err = fs.Glob(calibrationModels, "calibration/experts/*.json")
		names = append(names, more...)
	}
	if err != nil {
		return nil, err
	}
	var refs []string
	for _, name := range names {
		text, err := calibrationModels.ReadFile(name)
		if err != nil {
			return nil, err
		}
		dir := filepath.Join(dirs.Calibration(), strings.TrimSuffix(path.Base(name), ".json"))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("the folder for calibration: %w", err)
		}
		if err := os.WriteFile(filepath.Join(dir, "config.json"), text, 0o644); err != nil {
			return nil, fmt.Errorf("the folder for calibration: %w", err)
		}
		refs = append(refs, dir)
	}
	return refs, nil
}

// calibrationGroups is the grid for one shape: short and long prompts, a
// prompt after others, and decode at three depths.
func calibrationGroups(ref string, opt CalibrateOptions) []CaseGroup {
	var groups []CaseGroup
	for _, t := range opt.WeightTypes {
		add := func(kind results.Kind, n, depth int) {
			g := CaseGroup{
				Models: []string{ref}, Runtimes: []string{opt.Runtime}, Skeleton: SkeletonFull, WeightTypes: []string{t},
				Kinds: []results.Kind{kind}, NDepth: []int{depth}, NThreads: []int{opt.Threads}, NGPULayers: []int{opt.GPULayers},
			}
			if kind == results.KindDecode {
				g.NGen = []int{n}
			} else {
				g.NPrompt = []int{n}
			}
			groups = append(groups, g)
		}
		for _, depth := range []int{0, 512, 2048} {
			add(results.KindDecode, 8, depth)
		}
		for _, n := range []int{16, 128, 512} {
			add(results.KindPrefill, n, 0)
		}
		add(results.KindPrefill, 256, 1024)
	}
	return groups
}

// What a case takes besides its samples, roughly; it only orders the cases and
// keeps to the budget. A worker opens the library and reads the device list in
// workerStart, and loads loadRate bytes a second of a file that the system has
// in memory: a case of 70 MB takes 0.4 s of wall time besides its samples, one of
// 650 MB 1.0 s ('assay run -m preset:smollm2-135m,preset:llama-3.2-1b
// --weight-type q4_0 -p 16 -n 0 -r 1', two cores of a Xeon).
const (
	workerStart = 300 * time.Millisecond
	loadRate    = 1e9
)

// candidate counts the work of a group's only case.
func candidate(rt Runtime, f arch.Facts, g CaseGroup, n roofline.Nominal) (roofline.Candidate, error) {
	it := g.items(rt.Name(), g.Models[0], f)[0]
	p, err := rt.Predict(f, f, it.WeightType, it.Case, results.Runtime{})
	if err != nil {
		return roofline.Candidate{}, err
	}
	if p.Cost == nil {
		return roofline.Candidate{}, uncounted(rt)
	}
	w := WorkOf(it.Case, p.Cost)
	fixed := workerStart + seconds(float64(*p.WeightBytes)/loadRate)
	if it.Case.NDepth > 0 {
		// Filling the cache goes at the rate of a prompt.
		perToken := 2 * float64(*p.WeightBytes) // FLOPs, at about one byte a weight
		fixed += seconds(perToken * float64(it.Case.NDepth) / n.Compute)
	}
	return roofline.Candidate{
		Model: f.Name, Kind: string(it.Case.Kind), Work: w,
		Repeat: calibrationRounds * calibrationSamples, Fixed: calibrationRounds * fixed,
	}, nil
}

// uncounted is a runtime whose work cannot be counted yet.
func uncounted(rt Runtime) error {
	return fmt.Errorf("the operations and bytes of %s are not counted, and speed cannot be predicted without them", rt.Name())
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// nominal is a rough idea of the machine. For a GPU: nine tenths of the published
// bandwidth and 0.2 TFLOPS a core, what LLaMA-7B reaches in llama.cpp discussion
// 4167 (medians of TestNominalGPU). Else what a thread of the Xeon of
// predict/roofline/testdata does, whose fits find 14 and 25 GB/s of q4_0, 125 and
// 267 GFLOP/s with one and two threads, and 5 and 8 µs a node.
func nominal(h results.Host, opt CalibrateOptions) roofline.Nominal {
	cores := 0
	if h.GPUCores != nil {
		cores = *h.GPUCores
	}
	if chip, err := roofline.FindChip(h.Chip, cores); err == nil && opt.GPULayers > 0 {
		return roofline.Nominal{Bandwidth: 0.9 * chip.Bandwidth, Compute: 0.2e12 * float64(chip.GPUCores), Node: 5e-6}
	}
	threads := float64(opt.Threads)
	return roofline.Nominal{Bandwidth: 1.2e10 * threads, Compute: 1.2e11 * threads, Node: 6e-6}
}
