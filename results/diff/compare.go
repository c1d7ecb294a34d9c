package diff

import (
	"cmp"
	"slices"

	"assay/results"
)

// Compare pairs the cases of two runs by their full key and judges each. What would
// mean nothing is refused with an *IncomparableError.
func Compare(base, head results.Run, opt Options) (Diff, error) {
	d := Diff{Base: side(base), Head: side(head), Cases: []Case{}, Groups: []Group{}, OnlyBase: []results.Key{}, OnlyHead: []results.Key{}}
	pairs := d.pair(base, head)
	file := results.FileApart(head.Records)
	for i := range pairs {
		pairs[i].past = opt.Window.environments(pairs[i].key)
		c := pairs[i].compare()
		c.File = file(pairs[i].head.Model)
		d.Cases = append(d.Cases, c)
	}
	d.Differs = differences(pairs)
	if err := d.refuse(base, head, opt.Across); err != nil {
		return d, err
	}
	d.judgeTimes(pairs, opt)
	for i, p := range pairs {
		d.Cases[i].Predictions = p.predictionDrift(d.Cases[i].Time, opt.rule().Smallest)
	}
	d.warn(base, head)
	return d, nil
}

func side(r results.Run) Side {
	s := Side{Run: r.ID, Source: r.Source, Cases: len(r.Records), Failed: results.Count(r.Records).Unsuccessful()}
	for _, rec := range r.Records {
		if s.Time.IsZero() || rec.Time.Before(s.Time) {
			s.Time = rec.Time
		}
	}
	return s
}

// pair matches cases by key, or by what both sides know of the model, in the order
// of the keys, and lists the rest.
func (d *Diff) pair(base, head results.Run) []pair {
	bases, heads := base.ByKey(), head.ByKey()
	d.rename(bases, heads)
	var pairs []pair
	for key, b := range bases {
		if h, ok := heads[key]; ok {
			pairs = append(pairs, pair{key: key, base: b, head: h})
		} else {
			d.OnlyBase = append(d.OnlyBase, key)
		}
	}
	for key := range heads {
		if _, ok := bases[key]; !ok {
			d.OnlyHead = append(d.OnlyHead, key)
		}
	}
	slices.Sort(d.OnlyBase)
	slices.Sort(d.OnlyHead)
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(a.key, b.key) })
	return pairs
}

// rename gives cases of base the key that head has for them where one side, another
// tool's record or an older one, knows less of the model than the other. Where
// several models could be meant nothing is renamed, and a warning says so.
func (d *Diff) rename(bases, heads map[results.Key]results.Record) {
	var lone []results.Key
	for key := range bases {
		if _, paired := heads[key]; !paired {
			lone = append(lone, key)
		}
	}
	partners, wanted := map[results.Key][]results.Key{}, map[results.Key]int{}
	for _, key := range lone {
		for other, h := range heads {
			if _, paired := bases[other]; !paired && sameCase(bases[key], h) {
				partners[key] = append(partners[key], other)
				wanted[other]++
			}
		}
	}
	for key, others := range partners {
		switch {
		case len(others) > 1:
			d.unsure++
		case wanted[others[0]] == 1:
			bases[others[0]] = bases[key]
			delete(bases, key)
		}
	}
	for _, n := range wanted {
		if n > 1 {
			d.unsure++
		}
	}
}

// sameCase reports whether two records differ in nothing but what is known of the model.
func sameCase(b, h results.Record) bool {
	same := h
	same.Model = b.Model
	return same.Key() == b.Key() && b.Model.Same(h.Model)
}

func (p pair) compare() Case {
	c := Case{
		Key: p.key, Case: p.head.Case, Test: p.head.Case.Test(), Tokens: p.head.Case.Tokens(),
		Runtime: p.head.Runtime.Name, Model: p.head.Model.Name, Ref: p.head.Model.Ref,
		Kind: p.head.Case.Kind, Skeleton: p.head.Model.Skeleton, WeightType: p.head.Model.Weights(),
	}
	b, h := p.base.Status, p.head.Status
	switch {
	case (b == results.StatusOK) != (h == results.StatusOK):
		c.Failure = &Failure{Base: b, Head: h, Error: cmp.Or(p.head.Error, p.base.Error)}
	case b != results.StatusOK:
		c.Notes = append(c.Notes, "neither side succeeded: "+cmp.Or(p.head.Error, string(h)))
	case p.measured():
		c.Exact = p.exact()
		if other := p.otherWay(); other != "" {
			c.Notes = append(c.Notes, other)
		}
		c.Output = p.output()
	}
	return c
}
