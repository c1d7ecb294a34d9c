package report

import (
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
