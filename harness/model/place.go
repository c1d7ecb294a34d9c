package model

import (
	"context"
	"fmt"
	"strings"

	"assay/harness/archive"
	"assay/harness/machine"
	"assay/harness/speed"
	"assay/predict/machines"
	"assay/predict/published"
	"assay/results"
)

// metalDevice is what llama.cpp calls an Apple GPU.
const metalDevice = "MTL0"

// Place is where a model is to run.
type Place struct {
	// Name says which machine, LimitBytes what a model may take there, and Basis
	// how that is known.
	Name       string `json:"name"`
	LimitBytes int64  `json:"limit_bytes"`
	Basis      string `json:"basis"`
	// Device is the device that the limit is of, as a library names it; empty is
	// the host.
	Device string `json:"device,omitempty"`
	// Speed predicts a runtime's speed there, by nil where nothing is known of it.
	Speed func(runtime string) (Predictor, error) `json:"-"`
}

// Described is a machine in words, "M4 Max 36GB"; macOS is 0 for the newest version.
func Described(words string, macOS int) (Place, error) {
	m, err := machines.Find(words)
	if err != nil {
		return Place{}, fmt.Errorf("%q: %w", words, err)
	}
	if m.MemoryBytes == nil && len(m.Sizes()) == 0 {
		return Place{}, fmt.Errorf("%q: no Mac with it is known; say its memory, such as '%s 64GB'", words, m.Chip.Name)
	}
	if m.MemoryBytes == nil {
		return Place{}, fmt.Errorf("%q: say its memory, too; %s was sold with %s", words, m.Chip.Name, sizesOf(m))
	}
	limit, err := machines.GPULimit(*m.MemoryBytes, macOS)
	if err != nil {
		return Place{}, fmt.Errorf("%q: %w", words, err)
	}
	in := Place{Name: m.String(), LimitBytes: limit.Bytes, Basis: "what macOS lets the GPU have; " + limit.Basis, Device: metalDevice}
	in.Speed = func(runtime string) (Predictor, error) {
		return published.New(m, published.Setting{Runtime: runtime, Fanless: m.Fanless()})
	}
	return in, nil
}

func sizesOf(m machines.Machine) string {
	var sizes []string
	for _, n := range m.Sizes() {
		sizes = append(sizes, fmt.Sprintf("%d GB", n))
	}
	return strings.Join(sizes, ", ")
}

// MeasuredLosses is what types of weights were measured to lose, as the store has it;
// nothing where there is no store.
func MeasuredLosses(ctx context.Context, dsn string) archive.Losses {
	db, err := archive.Read(ctx, dsn)
	if err != nil {
		return nil
	}
	defer db.Close()
	losses, err := archive.LossesIn(ctx, db)
	if err != nil {
		return nil // advice is given without
	}
	return losses
}

// Here is this machine: what its GPU may hold on a Mac, else its memory. Speeds are
// by the newest fit of it in the store, on a Mac without one by published figures.
func Here(ctx context.Context, store string, macOS int) Place {
	h := machine.Read(ctx)
	in := Place{Name: "this machine (" + h.Chip + ")", LimitBytes: h.MemoryBytes, Basis: "the memory of this machine"}
	if h.OS == "darwin" {
		in.Device = metalDevice
		switch limit, err := machines.GPULimit(h.MemoryBytes, macOS); {
		case h.GPUWiredLimitBytes != nil:
			in.LimitBytes, in.Basis = *h.GPUWiredLimitBytes, "iogpu.wired_limit_mb, as set on this machine"
		case err == nil:
			in.LimitBytes, in.Basis = limit.Bytes, "what macOS lets the GPU have; "+limit.Basis
		}
	}
	in.Speed = func(runtime string) (Predictor, error) { return speedHere(ctx, store, h, runtime), nil }
	return in
}

// speedHere is nil where nothing is known: what fits is known nevertheless.
func speedHere(ctx context.Context, dsn string, h results.Host, runtime string) Predictor {
	if db, err := archive.Read(ctx, dsn); err == nil {
		defer db.Close()
		if fit := speed.Newest(ctx, db, h.Machine(), runtime); fit != nil {
			return fit
		}
	}
	if h.GPUCores == nil {
		return nil
	}
	chip, err := machines.FindChip(h.Chip, *h.GPUCores)
	if err != nil {
		return nil
	}
	mac, err := published.New(machines.Machine{Chip: chip}, published.Setting{Runtime: runtime})
	if err != nil {
		return nil
	}
	return mac
}
