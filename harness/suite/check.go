package suite

import (
	"assay/harness/failure"
	"assay/results"
)

// CheckFlag refuses a flag that the one runtime that is looked at does not have.
// What is looked at is a plan: a context is every runtime's there.
func CheckFlag(flag, name string) error {
	for _, s := range results.Settings {
		if s.Flag == flag || s.LlamaBench[1] == flag || s.MLX == flag {
			if err := s.Refuse([]string{name}, []results.Kind{results.KindPlan}, NotToRun); err != nil {
				return failure.Input(err)
			}
		}
	}
	return nil
}

// NotToRun says why a runtime's setting is refused where others were chosen.
const NotToRun = "is not to run"
