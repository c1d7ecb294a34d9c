package line

import (
	"flag"

	"assay/harness/runtimes"
	"assay/harness/subject"
	"assay/harness/suite"
	"assay/results"
)

// CaseFlags are the flags of commands that look at one case: llama.cpp's names,
// one value each.
type CaseFlags struct {
	Settings *CaseSettings
	JSON     bool
	// Runtime is chosen by Resolve where it is not given, Weights is the type of the
	// weights where only facts are known.
	Runtime, Weights string

	fs *flag.FlagSet
}

// NewCaseFlags declares the settings of a kind of case but some, by their names.
func NewCaseFlags(fs *flag.FlagSet, kind results.Kind, but ...string) *CaseFlags {
	o := &CaseFlags{fs: fs, Settings: NewCaseSettings(fs, kind, but...)}
	fs.StringVar(&o.Runtime, "runtime", "", RuntimeUsage)
	fs.StringVar(&o.Weights, "weight-type", "", "`type` of the weights where only facts are known (default f16)")
	fs.BoolVar(&o.JSON, "json", false, "print as JSON")
	return o
}

// CountSettings are the settings that a command which plans or tabulates fixes itself.
func CountSettings() []string { return []string{"n_depth", "n_prompt", "n_gen"} }

// StoreFlag declares --store.
func StoreFlag(fs *flag.FlagSet) *string {
	return fs.String("store", "", "`file` or postgres:// DSN of the store (default: in assay's data folder)")
}

// RuntimeUsage describes --runtime of commands that look at one runtime.
const RuntimeUsage = "`runtime`: llama.cpp or mlx (default: llama.cpp, but mlx for a folder of safetensors)"

// Resolve chooses the runtime and returns the case that the flags make.
func (o *CaseFlags) Resolve(ref string) (results.Case, error) {
	if o.Runtime == "" {
		o.Runtime = runtimes.For(ref)
	}
	return o.Settings.Settled(), CheckFlags(o.fs, o.Runtime)
}

// Ask is the subject that the flags name.
func (o *CaseFlags) Ask(ref string) subject.Ask {
	return subject.Ask{Ref: ref, Runtime: o.Runtime, WeightType: o.Weights}
}

// CheckFlags refuses flags that the runtime does not have.
func CheckFlags(fs *flag.FlagSet, runtime string) (err error) {
	fs.Visit(func(f *flag.Flag) {
		if err == nil {
			err = suite.CheckFlag(f.Name, runtime)
		}
	})
	return err
}

// WithRoom is the case with the usual prompt cut to what a small context holds beside
// one token more; a prompt that was asked for stays, and so does one of a runtime
// whose cache grows.
func (o *CaseFlags) WithRoom(c results.Case) results.Case {
	context, _ := results.SettingNamed("n_ctx")
	if room := c.NCtx - c.NDepth - 1; c.NCtx > 0 && room > 0 && !o.Settings.Given("n_prompt") && context.KnownTo(o.Runtime, c.Kind) {
		c.NPrompt = min(c.NPrompt, room)
	}
	return c
}
