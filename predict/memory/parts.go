package memory

import (
	"errors"
	"maps"

	"assay/predict/arch"
	"assay/predict/cost"
)

// Parts are bytes by what they are for; nil is not predicted.
type Parts struct {
	Weights, KV *int64
	// Compute is the buffer of the graph's activations, Output that of the logits
	// that a step hands out.
	Compute, Output *int64
	// Repacked are copies of weights in a layout that the processor's products want.
	Repacked *int64
	// Process is what the process holds besides, the vocabulary most of all.
	Process *int64
	// Unknown says of each part that is not predicted why, by its name.
	Unknown map[string]string
}

// Total is the sum of all parts, or nil where one of them is not known.
func (p Parts) Total() *int64 {
	var sum int64
	for _, part := range []*int64{p.Weights, p.KV, p.Compute, p.Output, p.Repacked, p.Process} {
		if part == nil {
			return nil
		}
		sum += *part
	}
	return &sum
}

// And adds the parts of another device; what one of them lacks, the sum does, for the
// reasons of both.
func (p Parts) And(o Parts) Parts {
	sum := func(a, b *int64) *int64 {
		if a == nil || b == nil {
			return nil
		}
		return new(*a + *b)
	}
	why := maps.Clone(p.Unknown)
	for part, reason := range o.Unknown {
		switch known := why[part]; {
		case why == nil:
			why = map[string]string{part: reason}
		case known == "":
			why[part] = reason
		case known != reason:
			why[part] = known + "; " + reason
		}
	}
	return Parts{
		Weights: sum(p.Weights, o.Weights), KV: sum(p.KV, o.KV), Compute: sum(p.Compute, o.Compute),
		Output: sum(p.Output, o.Output), Repacked: sum(p.Repacked, o.Repacked), Process: sum(p.Process, o.Process),
		Unknown: why,
	}
}

// repack adds the repacked weights, where it is known what is repacked.
func (p *Parts) repack(f arch.Facts, weightType, release string, by *Repacking) error {
	if by == nil {
		p.Unknown["repacked"] = "what this build of the library lays out anew for the processor is not known"
		return nil
	}
	n, err := repackedBytes(f, weightType, release, *by)
	switch {
	case errors.Is(err, cost.ErrNoRule):
		p.Unknown["repacked"] = err.Error()
	case err != nil:
		return err
	default:
		p.Repacked = &n
	}
	return nil
}
