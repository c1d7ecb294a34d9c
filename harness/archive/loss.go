package archive

import (
	"context"
	"fmt"
	"strings"

	"assay/results"
	"assay/results/store"
)

// lossRuns are the newest runs in which losses are looked for.
const lossRuns = 20

// Losses is what types of weights lose, as measured in the newest runs of the store:
// by the model's name and the type's, the least divergence that was seen, in nats,
// from the most precise of the same run, which loses nothing.
type Losses map[string]map[string]float64

// LossesIn reads them.
func LossesIn(ctx context.Context, s *store.Store) (Losses, error) {
	runs, err := s.Runs(ctx, store.Filter{Last: lossRuns, Recorded: true})
	if err != nil {
		return nil, err
	}
	out := Losses{}
	for _, info := range runs {
		run, err := s.Run(ctx, info.ID)
		if err != nil {
			return nil, fmt.Errorf("what types lose: %w", err)
		}
		out.Add(run.Records)
	}
	return out, nil
}

// Add takes over what the records of one run say. A skeleton's random weights say
// nothing.
func (l Losses) Add(records []results.Record) {
	byKey := map[results.Key]results.Record{}
	for _, r := range records {
		byKey[r.Key()] = r
	}
	for i, loss := range results.Losses(records) {
		if loss == nil || records[i].Model.Skeleton != "" {
			continue
		}
		l.add(records[i].Model, loss.KL)
		l.add(byKey[loss.Against].Model, 0)
	}
}

func (l Losses) add(m results.Model, kl float64) {
	name, typ := m.Called(), Type(m.Weights())
	if l[name] == nil {
		l[name] = map[string]float64{}
	}
	if was, ok := l[name][typ]; !ok || kl < was {
		l[name][typ] = kl
	}
}

// Of is what a type loses of a model, where that was measured.
func (l Losses) Of(name, typ string) (kl float64, known bool) {
	kl, known = l[name][Type(typ)]
	return kl, known
}

// Type is a mix of types under one name: llama.cpp describes a file as "Q4_K -
// Medium" that people call Q4_K_M.
func Type(name string) string {
	name = strings.NewReplacer(" - Small", "_S", " - Medium", "_M", " - Large", "_L").Replace(name)
	return strings.ToUpper(name)
}
