package model

import (
	"context"
	"fmt"
	"time"

	"assay/harness/failure"
	"assay/harness/machine"
	"assay/harness/record"
	"assay/harness/runtime"
	"assay/harness/subject"
	"assay/predict/arch"
	"assay/predict/cost"
	"assay/results"
)

// Foretold is the part of a record that needs no run: the model, the case and
// what is predicted of its prompt, and beside it of one generated token.
type Foretold struct {
	results.Record
	// Token is one token generated after the prompt and the depth; nil where the
	// context is full.
	Token *results.Predicted `json:"token,omitempty"`
	// Rules is what rival rule sets say of the prompt.
	Rules []RuleSays `json:"rules,omitempty"`
	// Notes are what one should know of the case.
	Notes []string `json:"notes,omitempty"`
	// Unknown names what is not predicted, and why.
	Unknown []string `json:"unknown,omitempty"`
}

// unknownWork says why a runtime's work is not predicted.
func unknownWork(name string, f arch.Facts) string {
	if err := cost.Unknown(f); err != nil {
		return "operations and bytes moved: " + err.Error()
	}
	what := "operations and bytes moved: what " + name + " would run of this model type"
	if f.ModelType != "" {
		what += " (" + f.ModelType + ")"
	}
	return what
}

// RuleSays sets a rule's figure beside the exact prediction's.
type RuleSays struct {
	Rules  string `json:"rules"`
	Figure string `json:"figure"`
	Says   int64  `json:"says"`
	Exact  int64  `json:"exact"`
	// Because names the rule's false assumptions, Chief the one that matters most.
	Because string `json:"because,omitempty"`
	Chief   string `json:"chief,omitempty"`
}

// Predict predicts a prompt and a token of the model. NCtx 0 is the model's
// full context, or with mlx-lm the prompt and what is before it. sets names rival
// rule sets, as for a run.
func Predict(ctx context.Context, a subject.Ask, c results.Case, sets []string) (Foretold, error) {
	s, err := subject.Of(ctx, a)
	if err != nil {
		return Foretold{}, err
	}
	if err := readable(s); err != nil {
		return Foretold{}, err
	}
	if err := checkRules(s.Runtime, sets); err != nil {
		return Foretold{}, err
	}
	if c.NCtx == 0 {
		c.NCtx = max(int(s.Facts.ContextLength), c.NPrompt+c.NGen+c.NDepth+1)
	} else {
		c = s.Runtime.Behind(c)
	}
	if c, err = s.Settle(c); err != nil {
		return Foretold{}, err
	}
	beyond := s.Facts.ContextLength > 0 && int64(c.NCtx) > s.Facts.ContextLength
	it, name := s.Item(c), s.Runtime.Name()
	out := Foretold{Record: results.Record{
		Schema: results.Schema, Time: time.Now().UTC(), Status: results.StatusOK, Host: machine.Read(ctx),
		Runtime: results.Runtime{Name: name}, Model: subject.ModelOf(it), Case: c,
	}}
	if out.Predicted, err = s.Predict(c); err != nil {
		return Foretold{}, failure.Input(tooLong(c, err))
	}
	if beyond {
		out.Notes = append(out.Notes, fmt.Sprintf("a context of %d is more than the %d tokens that %s was trained with: what is written "+
			"beyond them is of no known quality",
			c.NCtx, s.Facts.ContextLength, s.Facts.Name))
	}
	if out.Predicted.WeightBytes == nil {
		out.Unknown = append(out.Unknown, "weight bytes, as "+name+" would hold them")
	}
	if out.Predicted.Cost == nil {
		out.Unknown = append(out.Unknown, unknownWork(name, s.Facts))
	}
	if err := out.addToken(s); err != nil {
		return Foretold{}, failure.Input(err)
	}
	return out, out.rival(it, sets)
}

// addToken predicts one token after the prompt, where the context has room for it.
func (f *Foretold) addToken(s subject.Subject) (err error) {
	c := f.Case
	c.Kind, c.NDepth, c.NPrompt, c.NGen = results.KindDecode, c.NDepth+c.NPrompt, 0, 1
	if f.Token, err = s.Predict(c); err != nil && c.NDepth >= c.NCtx {
		f.Unknown = append(f.Unknown, fmt.Sprintf("a token after the prompt: the context of %d is full; a larger -c has room", c.NCtx))
		return nil
	}
	return err
}

// tooLong adds the remedy to an error of a case whose tokens are more than the
// context.
func tooLong(c results.Case, err error) error {
	if tokens := c.NDepth + c.NPrompt; tokens > c.NCtx {
		return fmt.Errorf("%w; give -c %d or more, or a shorter prompt (-p)", err, tokens+1)
	}
	return err
}

// usualRules are asked where no rule sets are named.
var usualRules = []string{"textbook"}

// checkRules refuses rule sets that were asked for and do not speak of the runtime.
func checkRules(rt runtime.Runtime, names []string) error {
	if len(names) == 0 || names[0] == record.NoRules {
		return nil
	}
	if _, spoken := rt.Rivals(results.Case{}, results.Runtime{}); !spoken {
		return failure.Input(fmt.Errorf("--rules: the rule sets speak of %s's cache and work; leave it out with %s", results.LlamaCpp, rt.Name()))
	}
	return nil
}

// rival asks the rule sets, the exact prediction standing where a run has its
// measurement.
func (f *Foretold) rival(it subject.Item, names []string) error {
	if len(names) == 0 {
		names = usualRules
	}
	sets, err := record.Rivals(names)
	if err != nil {
		return err
	}
	exact := f.Record
	exact.Measured = &results.Measured{
		KVBytes: f.Predicted.KVBytes, KVLayers: f.Predicted.KVLayers,
		FLOPs: f.Predicted.FLOPs, WeightBytes: f.Predicted.WeightBytes,
	}
	verdicts, err := record.Judged(sets, it, &exact)
	if err != nil {
		return failure.Input(err)
	}
	for _, v := range verdicts {
		f.Rules = append(f.Rules, RuleSays{
			Rules: v.Rules, Figure: v.Figure, Says: v.Predicted, Exact: v.Measured, Because: v.Because, Chief: v.Chief,
		})
	}
	return nil
}
