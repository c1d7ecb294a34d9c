package speed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"assay/harness/failure"
	"assay/predict/roofline"
	"assay/results/store"
)

// Save stores a fit with the runs that it came from.
func Save(ctx context.Context, s *store.Store, fit *roofline.Fit) error {
	body, err := json.Marshal(fit)
	if err != nil {
		return fmt.Errorf("fit %s: %w", fit.ID, err)
	}
	return s.AddFit(ctx, store.Fit{ID: fit.ID, Machine: fit.Machine, Time: fit.Time, Runs: fit.Runs, Body: body})
}

// Load reads a fit from a file, or from the store by its id, the beginning
// of only one id, or "latest".
func Load(ctx context.Context, s *store.Store, name string) (*roofline.Fit, error) {
	body, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		body, err = stored(ctx, s, name)
	}
	if err != nil {
		return nil, failure.Input(err)
	}
	var fit roofline.Fit
	if err := json.Unmarshal(body, &fit); err != nil {
		return nil, failure.Input(fmt.Errorf("fit %s: %w", name, err))
	}
	if len(fit.Parameters) == 0 {
		return nil, failure.Input(fmt.Errorf("fit %s has no parameters: it is no fit", name))
	}
	return &fit, nil
}

func stored(ctx context.Context, s *store.Store, name string) ([]byte, error) {
	fits, err := s.Fits(ctx, "")
	if err != nil {
		return nil, err
	}
	var found []store.Fit
	for _, f := range fits {
		if f.ID == name {
			return f.Body, nil
		}
		if strings.HasPrefix(f.ID, name) || strings.HasPrefix(f.ID, "fit-"+name) {
			found = append(found, f)
		}
	}
	switch {
	case name == "latest" && len(fits) > 0:
		return fits[len(fits)-1].Body, nil
	case len(found) == 1:
		return found[0].Body, nil
	case len(found) > 1:
		return nil, fmt.Errorf("%d fits begin with %q, %s and %s among them", len(found), name, found[0].ID, found[1].ID)
	}
	return nil, fmt.Errorf("no fit %q in the store; 'assay fit' makes one from a run", name)
}

// Stored are all fits of a store, oldest first.
func Stored(ctx context.Context, s *store.Store) ([]roofline.Fit, error) {
	list, err := s.Fits(ctx, "")
	if err != nil {
		return nil, err
	}
	fits := make([]roofline.Fit, len(list))
	for i, f := range list {
		if err := json.Unmarshal(f.Body, &fits[i]); err != nil {
			return nil, fmt.Errorf("fit %s: %w", f.ID, err)
		}
	}
	return fits, nil
}

// For are the fits of a machine and runtime, newest first.
func For(machine, name string, fits []roofline.Fit) []*roofline.Fit {
	var found []*roofline.Fit
	for i := len(fits) - 1; i >= 0; i-- {
		if fits[i].Machine == machine && fits[i].Runtime == name {
			found = append(found, &fits[i])
		}
	}
	return found
}

// Newest is the newest fit of the machine, whatever threads and layers on the GPU it was
// made with, and of the runtime in whatever release; nil where the store has none.
func Newest(ctx context.Context, s *store.Store, machine, runtime string) *roofline.Fit {
	fits, err := Stored(ctx, s)
	if err != nil {
		return nil
	}
	for i := len(fits) - 1; i >= 0; i-- {
		if strings.HasPrefix(fits[i].Machine, machine+", ") && fits[i].Of() == runtime {
			return &fits[i]
		}
	}
	return nil
}
