package report

import (
	"fmt"
	"strings"

	"assay/results"
	"assay/results/figure"
)

// tokensPerSecond returns a speed with its interval.
func tokensPerSecond(s *results.TokensPerSecond) string {
	if s == nil {
		return ""
	}
	if s.CI95 == nil {
		return figure.Speed(s.Median)
	}
	return fmt.Sprintf("%s [%s, %s]", figure.Speed(s.Median), figure.Speed(s.CI95[0]), figure.Speed(s.CI95[1]))
}

// ModelName returns the model with what tells it from its like.
func ModelName(r results.Record) string { return modelName(r) }

// modelName returns the model with what tells it from its like.
func modelName(r results.Record) string {
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
