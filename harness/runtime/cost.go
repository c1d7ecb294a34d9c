package runtime

import (
	"assay/predict/cost"
	"assay/results"
)

// Add adds a prediction to what the record says of the whole sample.
func Add(sum *results.Cost, c cost.Cost) {
	sum.Steps += c.Steps
	sum.Nodes = plus(sum.Nodes, c.Nodes)
	*sum.Products += c.Products
	if sum.Layers == nil {
		sum.Layers = new([3]int64)
	}
	for i, n := range [3]int64{c.Layers.All, c.Layers.Experts, c.Layers.Recurrent} {
		sum.Layers[i] += n
	}
	sum.KVWriteBytes += c.KVWriteBytes
	sum.ActivationBytes += c.ActivationBytes
	if c.ExpertBytesUpper > 0 {
		if sum.ExpertBytes == nil {
			sum.ExpertBytes = &[2]int64{}
		}
		sum.ExpertBytes[0] += c.ExpertBytesLower
		sum.ExpertBytes[1] += c.ExpertBytesUpper
	}
	for _, t := range c.Terms {
		addTerm(sum, t)
	}
}

// plus is the sum of what is known; nil where one is not.
func plus(a, b *int64) *int64 {
	if a == nil || b == nil {
		return nil
	}
	return new(*a + *b)
}

func addTerm(sum *results.Cost, t cost.Term) {
	add := results.CostTerm{Class: string(t.Class), Type: t.Type, FLOPs: t.FLOPs, Bytes: t.Bytes}
	if t.Class == cost.Attention {
		add.LiveFLOPs, add.RowBytes = new(t.LiveFLOPs), new(t.RowBytes)
	}
	for i := range sum.Terms {
		old := &sum.Terms[i]
		if old.Class != add.Class || old.Type != add.Type {
			continue
		}
		if add.LiveFLOPs != nil {
			*add.LiveFLOPs += *old.LiveFLOPs
			// The mean distance between cells, weighed by the operations over them.
			*add.RowBytes = (*add.RowBytes*add.FLOPs + *old.RowBytes*old.FLOPs) / max(1, add.FLOPs+old.FLOPs)
		}
		add.FLOPs += old.FLOPs
		add.Bytes += old.Bytes
		*old = add
		return
	}
	sum.Terms = append(sum.Terms, add)
}

// FLOPs and BytesMoved are the sums that the record states beside the terms.
func FLOPs(c *results.Cost) *int64 {
	var n int64
	for _, t := range c.Terms {
		n += t.FLOPs
	}
	return &n
}

// BytesMoved is the sum of all bytes, which the record states beside the terms.
func BytesMoved(c *results.Cost) *int64 {
	n := c.KVWriteBytes + c.ActivationBytes
	for _, t := range c.Terms {
		n += t.Bytes
	}
	return &n
}
