// Package diff says what moved between two runs, or between a run and the
// nights before it, and which of it is real. Figures without noise (bytes,
// operations, nodes, layout) are compared for equality, timings by
// results/stat. It reads records and decides; it neither loads nor prints them.
package diff

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/results"
	"assay/results/logit"
	"assay/results/stat"
)

// Options are what a comparison may be asked for; the zero value is the default.
type Options struct {
	// Smallest is the smallest relative change of a timing that counts; 0 is
	// stat.DefaultRule's.
	Smallest float64
	// Across lists what the two sides may differ in and be compared all the
	// same; without it runs on different chips are refused.
	Across []Aspect
	// Window judges timings against earlier nights in place of base's.
	Window *Window
	// FitOnly leaves out timings that head measured on an unfit machine.
	FitOnly bool
}

func (o Options) rule() stat.Rule {
	rule := stat.DefaultRule()
	if o.Smallest > 0 {
		rule.Smallest = o.Smallest
	}
	return rule
}

// Side is one side of a comparison.
type Side struct {
	Run    string    `json:"run"`
	Source string    `json:"source,omitempty"`
	Time   time.Time `json:"time"`
	Cases  int       `json:"cases"`
	Failed int       `json:"failed"`
}

// Diff is what moved from Base to Head.
type Diff struct {
	Base Side `json:"base"`
	Head Side `json:"head"`
	// Nights is how many earlier nights timings were judged against; 0 means
	// Base alone.
	Nights int `json:"nights"`
	// Differs is what else differs between the sides.
	Differs []Difference `json:"differs"`
	Cases   []Case       `json:"cases"`
	// OnlyBase and OnlyHead have no partner on the other side.
	OnlyBase []results.Key `json:"only_base"`
	OnlyHead []results.Key `json:"only_head"`
	// Groups are the timed cases of each runtime and kind together, and the models
	// that moved.
	Groups []Group `json:"groups"`
	// Warnings are sentences about the comparison as a whole.
	Warnings []string `json:"warnings"`

	// unsure counts the cases of one side that could be of several models of the other.
	unsure int
}

// Case is one case that both sides have.
type Case struct {
	Key results.Key `json:"key"`
	// Case are the settings, Test is the case in llama-bench's words, Tokens what
	// one sample processes.
	Case    results.Case `json:"case"`
	Test    string       `json:"test"`
	Tokens  int          `json:"tokens,omitempty"`
	Runtime string       `json:"runtime"`
	Model   string       `json:"model"`
	Ref     string       `json:"ref"`
	// Kind and Skeleton are the record's, WeightType is its model's [results.Model.Weights].
	Kind       results.Kind `json:"kind"`
	Skeleton   string       `json:"skeleton,omitempty"`
	WeightType string       `json:"weight_type,omitempty"`
	// File tells the model from others of head that are called and packed alike.
	File string `json:"file,omitempty"`
	// Failure is set where only one side succeeded.
	Failure *Failure `json:"failure,omitempty"`
	// Exact lists the figures without noise that changed.
	Exact []Exact `json:"exact,omitempty"`
	Time  *Timing `json:"time,omitempty"`
	// Output is set where what came out moved further than rounding explains.
	Output *logit.Agreement `json:"output,omitempty"`
	// Predictions lists predictions that moved although the machine did not.
	Predictions []PredictionDrift `json:"predictions,omitempty"`
	// Notes are sentences that belong to the case's figures.
	Notes []string `json:"notes,omitempty"`
}

// Failure is a case that succeeded on one side only.
type Failure struct {
	Base  results.Status `json:"base"`
	Head  results.Status `json:"head"`
	Error string         `json:"error,omitempty"`
}

// Broke says that the case used to succeed.
func (f Failure) Broke() bool { return f.Base == results.StatusOK }

// Regressed says whether anything of the case got worse, or changed that never
// changes by itself.
func (c Case) Regressed() bool {
	return len(c.Exact) > 0 || len(c.Predictions) > 0 || c.Output != nil ||
		c.Time != nil && c.Time.Verdict == Slower || c.Failure != nil && c.Failure.Broke()
}

// Regressed says whether anything of the run did: the exit status.
func (d Diff) Regressed() bool {
	return slices.ContainsFunc(d.Cases, Case.Regressed)
}

// Moved is how many cases regressed.
func (d Diff) Moved() int {
	n := 0
	for _, c := range d.Cases {
		if c.Regressed() {
			n++
		}
	}
	return n
}

// Select returns the keys of the cases that contain any of the texts, nil for no
// texts. A text that no case contains is an error.
func (d Diff) Select(texts []string) ([]results.Key, error) {
	var keys []results.Key
	for _, text := range texts {
		before := len(keys)
		for _, c := range d.Cases {
			if strings.Contains(string(c.Key), text) {
				keys = append(keys, c.Key)
			}
		}
		if len(keys) == before {
			return nil, fmt.Errorf("no case that both runs have contains %q", text)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys), nil
}
