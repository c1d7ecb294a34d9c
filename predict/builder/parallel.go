package builder

import "assay/predict/arch"

// Parallel is how many devices share a layer: Tensor within each expert and
// dense product, Expert over whole experts. 0 is 1.
type Parallel struct {
	Tensor int64 `json:"tensor"`
	Expert int64 `json:"expert"`
}

// Share is the busiest device's part of a layer, and what all devices send
// together.
type Share struct {
	Params      int64 `json:"parameter_count"`
	WeightBytes int64 `json:"weight_bytes"`
	KVBytes     int64 `json:"kv_bytes"`
	// AllReduceBytes are those of rings: each of n devices sends 2(n-1)/n of the
	// operand (Patarasuk and Yuan, 2009). AllGatherBytes: each sends its part to
	// the n-1 others. AllToAllBytes: a token's hidden state goes to each of its
	// experts and comes back; of evenly chosen experts (e-1)/e are elsewhere.
	AllReduceBytes int64 `json:"all_reduce_bytes"`
	AllGatherBytes int64 `json:"all_gather_bytes"`
	AllToAllBytes  int64 `json:"all_to_all_bytes"`
	// Uneven names dimensions that the devices do not divide.
	Uneven []string `json:"uneven,omitempty"`
}

// Split divides the layer over devices for the work.
func (l Layer) Split(w Work, p Parallel) Share {
	p.Tensor, p.Expert = max(1, p.Tensor), max(1, p.Expert)
	var s Share
	specs := l.Specs()
	for _, slot := range l.Class.Slots {
		for _, list := range [][]arch.Tensor{l.Weights[slot.Name], l.Extras[slot.Name]} {
			for _, t := range list {
				s.Params += l.portion(&s, slot, specs, p, t.Elements())
				s.WeightBytes += l.portion(&s, slot, specs, p, t.Bytes())
			}
		}
		if len(l.Weights[slot.Name]) > 0 || l.tied() {
			l.communicate(&s, slot, w, p)
		}
	}
	s.KVBytes = l.splitCache(specs, w, p)
	return s
}

// portion is the busiest device's part of an amount of the slot.
func (l Layer) portion(s *Share, slot Slot, specs map[string]int64, p Parallel, amount int64) int64 {
	if slot.Use == Routed {
		amount = s.divide("num_experts", specs, p.Expert, amount)
	}
	if slot.Split == Replicated {
		return amount
	}
	return s.divide(slot.Along, specs, p.Tensor, amount)
}

// divide gives the busiest of n devices its whole units of the dimension.
func (s *Share) divide(along string, specs map[string]int64, n, amount int64) int64 {
	units := specs[along]
	if units == 0 || n == 1 {
		return amount
	}
	if units%n != 0 {
		s.note(along)
	}
	return amount * ((units + n - 1) / n) / units
}

func (s *Share) note(along string) {
	for _, u := range s.Uneven {
		if u == along {
			return
		}
	}
	s.Uneven = append(s.Uneven, along)
}

// communicate adds what follows the slot's product. With experts on several
// devices and their results exchanged, each group of tensor-parallel devices
// reduces its own tokens' share.
func (l Layer) communicate(s *Share, slot Slot, w Work, p Parallel) {
	hidden := w.Tokens * l.facts.Hidden * w.ActivationBytes
	switch slot.Split {
	case Vocabulary:
		s.AllReduceBytes += 2 * (p.Tensor - 1) * w.Tokens * l.Weights[slot.Name][0].Shape[0] * w.ActivationBytes
	case Rows:
		if slot.Use == Routed && p.Expert > 1 {
			hidden *= l.Block.FeedForward.Experts.Used
		}
		s.AllReduceBytes += 2 * (p.Tensor - 1) * hidden
	case Logits:
		s.AllGatherBytes += (p.Tensor - 1) * w.Outputs * l.facts.Vocab * w.ActivationBytes
	}
	if slot.Use == Routed && slot.Split == Rows {
		copies := w.Tokens * l.Block.FeedForward.Experts.Used * l.facts.Hidden * w.ActivationBytes
		s.AllToAllBytes += 2 * copies * (p.Expert - 1) / p.Expert
	}
}

// splitCache divides the cache by KV heads and a state by its own heads; a
// latent is whole on every device.
func (l Layer) splitCache(specs map[string]int64, w Work, p Parallel) int64 {
	var ignored Share
	along := "num_kv_heads"
	if l.Class.state != nil {
		along = "num_heads"
		if specs[along] == 0 {
			along = "inner_size"
		}
	}
	return ignored.divide(along, specs, p.Tensor, l.cache(w))
}
