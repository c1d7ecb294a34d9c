package main

import (
	"flag"

	"assay/cmd/assay/line"
	"assay/harness/runtimes"
	"assay/harness/subject"
	"assay/harness/suite"
	"assay/results"
)

// caseFlags are the flags of commands that look at one case: llama.cpp's names,
// one value each.
type caseFlags struct {
	fs       *flag.FlagSet
	settings *line.CaseSettings
	asJSON   bool
	runtime  string
	weights  string
}

func newCaseFlags(fs *flag.FlagSet, kind results.Kind, but ...string) *caseFlags {
	o := &caseFlags{fs: fs, settings: line.NewCaseSettings(fs, kind, but...)}
	fs.StringVar(&o.runtime, "runtime", "", runtimeUsage)
	fs.StringVar(&o.weights, "weight-type", "", "`type` of the weights where only facts are known (default f16)")
	fs.BoolVar(&o.asJSON, "json", false, "print as JSON")
	return o
}

// tokenCounts are the settings that a command which plans or tabulates fixes itself.
var tokenCounts = []string{"n_depth", "n_prompt", "n_gen"}

// runtimeUsage describes --runtime of commands that look at one runtime.
const runtimeUsage = "`runtime`: llama.cpp or mlx (default: llama.cpp, but mlx for a folder of safetensors)"

// resolve chooses the runtime and returns the case that the flags make.
func (o *caseFlags) resolve(ref string) (results.Case, error) {
	if o.runtime == "" {
		o.runtime = runtimes.For(ref)
	}
	return o.settings.Settled(), checkFlags(o.fs, o.runtime)
}

// ask is the subject that the flags name.
func (o *caseFlags) ask(ref string) subject.Ask {
	return subject.Ask{Ref: ref, Runtime: o.runtime, WeightType: o.weights}
}

// checkFlags refuses flags that the runtime does not have.
func checkFlags(fs *flag.FlagSet, runtime string) (err error) {
	fs.Visit(func(f *flag.Flag) {
		if err == nil {
			err = suite.CheckFlag(f.Name, runtime)
		}
	})
	return err
}
