package mlx

import (
	"context"
	"errors"

	"assay/harness/machine"
	"assay/native/mlx"
	"assay/native/mlx/lm"
	"assay/predict/kv"
	"assay/results"
)

// Observe runs the case once and reads each layer's arrays; the allocator's
// growth stands beside their sum.
func (s *session) Observe(ctx context.Context, c results.Case) (m *results.Measured, checks []results.Check, err error) {
	if err := s.model.ResetPeak(); err != nil {
		return nil, nil, err
	}
	before, err := s.model.Memory()
	if err != nil {
		return nil, nil, err
	}
	session, err := s.model.NewSession(cacheOptions(c))
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	counter, err := s.watched(ctx, session, c)
	if err != nil {
		return nil, nil, err
	}
	layers, err := session.Layers()
	if err != nil {
		return nil, nil, err
	}
	after, err := s.model.Memory()
	if err != nil {
		return nil, nil, err
	}
	m = &results.Measured{WeightBytes: &s.model.WeightBytes, KVBytes: new(int64), KVSources: &results.KVSources{}, Memory: &results.Memory{}}
	for _, l := range layers {
		m.KVLayers = append(m.KVLayers, results.KVLayer{Layer: l.Layer, Class: classOf(l), Cells: int64(l.Slots * max(1, c.NSeq)),
			KBytes: l.KeyBytes, VBytes: l.ValueBytes})
		*m.KVBytes += l.KeyBytes + l.ValueBytes
	}
	m.PeakBytes = new(max(after.Peak, after.Active)) // the peak starts at 0, not at what is active
	m.KVSources.Tensors, m.KVSources.Active = m.KVBytes, new(after.Active-before.Active)
	machine.AddFootprint(m.Memory)
	s.observed = true
	if c.Kind == results.KindKV { // no timed pass follows, at whose end it is read
		if m.Output, err = s.output(c); err != nil {
			return nil, nil, err
		}
	}
	return m, counted(m, counter), nil
}

// watched runs the case once and counts the nodes of the graphs that it
// executes, those of the prompt and the generated tokens alone, not of the
// depth. The counter is nil where the library shows no graphs.
func (s *session) watched(ctx context.Context, session *lm.Session, c results.Case) (*mlx.Counter, error) {
	if err := s.fill(ctx, session, c); err != nil {
		return nil, err
	}
	counter := mlx.NewCounter()
	if errors.Is(session.Watch(counter.Observe), mlx.ErrNoGraphs) {
		counter = nil
	}
	_, _, err := s.pass(ctx, session, c)
	return counter, err
}

// counted takes over what was counted, or why nothing was. A product that
// nobody can count makes a failed check, and no figure.
func counted(m *results.Measured, counter *mlx.Counter) []results.Check {
	if counter == nil {
		m.Miss("flops", mlx.ErrNoGraphs.Error())
		return nil
	}
	m.Nodes = &counter.Nodes
	if counter.Err != nil {
		m.Miss("flops", counter.Err.Error())
		return []results.Check{{Name: "flops counted", Detail: counter.Err.Error()}}
	}
	m.FLOPs, m.FLOPsByOp = new(counter.Total()), counter.FLOPs
	return nil
}

// classOf names a layer's cache as the record does.
func classOf(l lm.LayerCache) string {
	if l.Kind == lm.Rotating {
		return string(kv.Sliding)
	}
	return string(kv.Full)
}
