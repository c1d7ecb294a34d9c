package model

import (
	"context"

	"assay/harness/machine"
	"assay/harness/runtimes"
	"assay/harness/subject"
	"assay/predict/source"
	"assay/results"
)

// Found is a model that lies on this machine.
type Found struct {
	// Ref is what to type for it, Path where it lies, Where whose folder that is.
	Ref   string `json:"ref"`
	Path  string `json:"path"`
	Where string `json:"where"`
	// Bytes are those of the weights' files.
	Bytes int64  `json:"bytes"`
	Name  string `json:"name,omitempty"`
	Type  string `json:"type,omitempty"`
	// NeedBytes is all that it takes with a context of [FoundContext] tokens; absent
	// where that is not predicted.
	NeedBytes *int64 `json:"need_bytes,omitempty"`
	// Fits is whether the machine has that memory, FitsNow whether it is free.
	Fits    *bool `json:"fits,omitempty"`
	FitsNow *bool `json:"fits_now,omitempty"`
	// Problem is why it cannot be read.
	Problem string `json:"problem,omitempty"`
}

// FoundContext is the context for which it is said whether a model fits.
const FoundContext = 4096

// AllHere lists the models of this machine, each with what is read of its header.
func AllHere(ctx context.Context) ([]Found, error) {
	host := machine.Read(ctx)
	var all []Found
	for _, local := range source.Here(source.Options{}) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		h := Found{Ref: local.Ref, Path: local.Path, Where: local.Where, Bytes: local.Bytes}
		if err := h.read(ctx, host); err != nil {
			h.Problem = err.Error()
		}
		all = append(all, h)
	}
	return all, nil
}

// read fills in what the header says.
func (h *Found) read(ctx context.Context, host results.Host) error {
	s, err := subject.Of(ctx, subject.Ask{Ref: h.Path, Runtime: runtimes.For(h.Path)})
	if err != nil {
		return err
	}
	h.Name = s.Facts.Name
	if s.Facts.File != nil {
		h.Type = s.Facts.File.Type
	}
	c := results.Defaults()
	c.Kind, c.NCtx, c.NPrompt, c.NGen = results.KindDecode, FoundContext, FoundContext-1, 1
	for _, set := range results.Settings {
		if !set.KnownTo(s.Runtime.Name()) {
			set.Put(&c, set.Of(results.Case{}))
		}
	}
	if c, err = s.Settle(c); err != nil {
		return nil // it can be read, and its need is not said
	}
	if p, err := s.Predict(c); err == nil && p.Memory != nil && p.Memory.TotalBytes != nil {
		h.NeedBytes = p.Memory.TotalBytes
		h.Fits = new(*h.NeedBytes <= host.MemoryBytes)
		if host.FreeMemoryBytes != nil {
			h.FitsNow = new(*h.NeedBytes <= *host.FreeMemoryBytes)
		}
	}
	return nil
}
