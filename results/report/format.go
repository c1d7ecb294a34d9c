package report

import (
	"slices"
	"strings"

	"assay/results"
)

// ModelName returns the model with what tells it from its like.
func ModelName(r results.Record) string {
	words := []string{r.Model.Name}
	if r.Model.Name == "" {
		words[0] = r.Model.Ref
	}
	if r.Model.Weights() != "" {
		words = append(words, r.Model.Weights())
	}
	if r.Model.Skeleton != "" {
		words = append(words, "("+r.Model.Skeleton+" skeleton)")
	}
	return strings.Join(words, " ")
}

// apart names models of a run that are called and packed alike by their files, too.
func apart(records []results.Record) []results.Record {
	file, out := results.FileApart(records), slices.Clone(records)
	for i := range out {
		if f := file(out[i].Model); f != "" {
			out[i].Model.Name = out[i].Model.Called() + " (" + f + ")"
		}
	}
	return out
}
