package roofline

import "strings"

// Roofline is what a machine does at best and what cases reached, to be drawn
// (Williams, Waterman and Patterson, CACM 52(4), 2009).
type Roofline struct {
	Machine string
	// FLOPS is the highest rate of operations, Bandwidth of bytes, a second.
	FLOPS, Bandwidth float64
	Points           []RooflinePoint
}

// RooflinePoint is one case under the roof.
type RooflinePoint struct {
	Label string
	// Intensity is operations per byte moved, FLOPS operations a second.
	Intensity, FLOPS float64
}

// Roofline puts the observations under the best rates that the fit found.
func (fit *Fit) Roofline(obs []Observation) Roofline {
	r := Roofline{Machine: fit.Machine}
	r.FLOPS, r.Bandwidth = fit.Roof()
	for _, o := range obs {
		flops := o.Work.flops()
		r.Points = append(r.Points, RooflinePoint{o.Case, flops / o.Work.bytes(), flops / o.Seconds})
	}
	return r
}

// Roof is the highest rates that the fit found: operations a second of products
// of many tokens, and bytes of weights a second. Either is 0 where all of its
// costs came out as 0.
func (fit *Fit) Roof() (flops, bandwidth float64) {
	for _, p := range fit.Parameters {
		r, ok := p.PerSecond()
		switch {
		case !ok:
		case strings.HasPrefix(p.Name, "multiply "):
			flops = max(flops, r.Value)
		case strings.HasPrefix(p.Name, "read ") && !strings.HasPrefix(p.Name, "read cache"):
			bandwidth = max(bandwidth, r.Value)
		}
	}
	return flops, bandwidth
}

// PeakShares are how much of the chip's peaks the fit found: MBU of the memory's
// bandwidth, MFU of the GPU's operations at 16-bit floats. Each is nil where
// the peak is not known or the fit has no such rate.
func (fit *Fit) PeakShares() (mfu, mbu *float64) {
	if fit.Chip == nil {
		return nil, nil
	}
	flops, bandwidth := fit.Roof()
	share := func(reached, peak float64) *float64 {
		if reached <= 0 || peak <= 0 {
			return nil
		}
		s := reached / peak
		return &s
	}
	if fit.Chip.FP16 != nil {
		mfu = share(flops, *fit.Chip.FP16)
	}
	return mfu, share(bandwidth, fit.Chip.Bandwidth)
}
