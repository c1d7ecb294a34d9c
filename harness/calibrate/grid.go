package calibrate

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"assay/harness/home"
	"assay/harness/runtime"
	"assay/harness/suite"
	"assay/predict/roofline"
	"assay/results"
)

// shapes are the shapes that a calibration chooses from: configs of
// nobody's models, large enough that their weights do not stay in a processor's
// cache and small enough to be written and run in seconds. Every row is a
// multiple of 256, so that each weight type can hold all of them. The small ones
// are for a backend that is a hundred times slower.
//
//go:embed calibration/*.json calibration/experts/*.json calibration/small/*.json
var shapes embed.FS

// grid is what the cases of a calibration are chosen from.
type grid struct {
	shapes string // a pattern in shapes
	// mixtures says that there is time for mixtures of experts.
	mixtures bool
	// gen tokens are generated at each of the depths, prompts are taken at none,
	// and later tokens at one more.
	gen             int
	depths, prompts []int
	later, laterAt  int
	nominal         func(results.Host, Options) roofline.Nominal
}

var (
	usualGrid = grid{
		shapes: "calibration/*.json", mixtures: true,
		gen: 8, depths: []int{0, 512, 2048}, prompts: []int{16, 128, 512}, later: 256, laterAt: 1024, nominal: nominal,
	}
	slowGrid = grid{
		shapes: "calibration/small/*.json",
		gen:    4, depths: []int{0, 64, 192}, prompts: []int{4, 16, 48}, later: 16, laterAt: 64, nominal: nominalSlow,
	}
)

// gridOf is the grid that there is time for.
func gridOf(c runtime.Calibration) grid {
	if c.Slow {
		return slowGrid
	}
	return usualGrid
}

// groups is the grid for one shape: short and long prompts, a prompt after
// others, and decode at three depths.
func (g grid) groups(ref string, opt Options) []suite.CaseGroup {
	var groups []suite.CaseGroup
	for _, t := range opt.WeightTypes {
		add := func(kind results.Kind, n, depth int) {
			group := opt.group()
			group.Models, group.WeightTypes, group.Kinds = []string{ref}, []string{t}, []results.Kind{kind}
			count := "n_prompt"
			if kind == results.KindDecode {
				count = "n_gen"
			}
			groups = append(groups, group.With("n_depth", depth).With(count, n))
		}
		for _, depth := range g.depths {
			add(results.KindDecode, g.gen, depth)
		}
		for _, n := range g.prompts {
			add(results.KindPrefill, n, 0)
		}
		add(results.KindPrefill, g.later, g.laterAt)
	}
	return groups
}

// writeModels puts the shapes where a suite, and a run that is
// resumed, can refer to them, and returns the references.
func (g grid) writeModels(experts bool) ([]string, error) {
	dirs, err := home.Find()
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(shapes, g.shapes)
	if err == nil && experts {
		var more []string
		more, err = fs.Glob(shapes, "calibration/experts/*.json")
		names = append(names, more...)
	}
	if err != nil {
		return nil, err
	}
	var refs []string
	for _, name := range names {
		text, err := shapes.ReadFile(name)
		if err != nil {
			return nil, err
		}
		dir := filepath.Join(dirs.Calibration(), strings.TrimSuffix(path.Base(name), ".json"))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("the folder for calibration: %w", err)
		}
		if err := home.WriteFile(filepath.Join(dir, "config.json"), text); err != nil {
			return nil, fmt.Errorf("the folder for calibration: %w", err)
		}
		refs = append(refs, dir)
	}
	return refs, nil
}
