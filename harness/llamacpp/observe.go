package llamacpp

import (
	"context"
	"fmt"
	"slices"

	"assay/harness/machine"
	"assay/harness/runtime"
	"assay/native/llama"
	"assay/results"
)

// Observe runs the case once with a callback on every node: the cache tensors
// that the graphs reach, the arithmetic of the prompt and the generated tokens
// (not of the depth), the library's own report, and what a saved sequence says of
// its cells and rows.
func (s *session) Observe(_ context.Context, c results.Case) (*results.Measured, []results.Check, error) {
	counter, tensors, places := llama.NewCounter(), llama.NewCacheTensors(), llama.NewPlacement()
	counting := false
	params := contextParams(c, func(n llama.Node) {
		tensors.Observe(n)
		if counting {
			counter.Observe(n)
			places.Observe(n)
		}
	})
	params.Chosen = func(n llama.Node) {
		if counting {
			counter.ObserveExperts(n)
		}
	}
	lc, err := s.model.NewContext(params)
	if err != nil {
		return nil, nil, err
	}
	defer lc.Close()
	if err := s.newPass(c, 0, c.NDepth, 0).run(lc); err != nil {
		return nil, nil, err
	}
	counting = true
	if err := s.newPass(c, c.NDepth, c.NPrompt, 0).run(lc); err != nil {
		return nil, nil, err
	}
	if err := s.newPass(c, c.NDepth+c.NPrompt, 0, c.NGen).run(lc); err != nil {
		return nil, nil, err
	}
	m := &results.Measured{
		FLOPs: new(counter.Total()), FLOPsByOp: counter.FLOPs, Nodes: new(counter.Nodes), Cost: executed(counter.Traffic),
		WeightBytes: new(s.model.Bytes()), NParams: new(s.model.NParams()), Memory: &results.Memory{},
		KVBytes: new(tensors.Bytes()), KVLayers: measuredLayers(tensors.All()),
		KVSources: &results.KVSources{Tensors: new(tensors.Bytes()), State: new(lc.StateSize(0)),
			StateTokens: new(c.NDepth + c.NPrompt + c.NGen)},
	}
	m.Placement = placed(places, s.devices, lc.Report())
	if counter.Ops["SOFT_MAX"]+counter.Ops["FLASH_ATTN_EXT"] > 0 {
		m.FlashAttn = new(counter.Ops["FLASH_ATTN_EXT"] > 0)
	}
	readReports(m, s.model.Report(), lc.Report())
	m.Memory.Devices = byDevice(s.lib.Devices(), s.model.Report(), lc.Report())
	addFree(m.Memory.Devices, s.before, s.loaded, s.lib.FreeMemory())
	machine.AddFootprint(m.Memory)
	leaveUnreached(m)
	checks := append(agreement(m), stateAgrees(m, lc)...)
	counting, s.observed = false, true
	if c.Kind == results.KindKV { // no timed pass follows, at whose end it is read
		lc.ClearMemory()
		if err := s.depthPass(c).run(lc); err != nil {
			return nil, nil, err
		}
		m.Output, err = s.output(lc, c)
	}
	return m, checks, err
}

// measuredLayers joins the tensors of each layer: K and V, and in a recurrent
// layer the convolution's state and the recurrent one.
func measuredLayers(tensors []llama.CacheTensor) []results.KVLayer {
	var out []results.KVLayer
	row := func(layer int, class string) *results.KVLayer {
		at := slices.IndexFunc(out, func(l results.KVLayer) bool { return l.Layer == layer && l.Class == class })
		if at < 0 {
			out = append(out, results.KVLayer{Layer: layer, Class: class})
			at = len(out) - 1
		}
		return &out[at]
	}
	for _, t := range tensors {
		row(t.Layer, classOf(t.Kind)).Device = t.Device
		switch t.Kind {
		case "r", "s":
			l := row(t.Layer, classOf(t.Kind))
			if t.Kind == "r" {
				l.KBytes += t.Bytes
			} else {
				l.VBytes += t.Bytes
			}
		case "v":
			l := row(t.Layer, classOf(t.Kind))
			l.VBytes += t.Bytes
		default:
			l := row(t.Layer, classOf(t.Kind))
			l.KBytes += t.Bytes
			l.Cells = t.NE[1] * t.NE[2]
		}
	}
	return out
}

// classOf is the class of a layer with a cache tensor of the kind.
func classOf(kind string) string {
	if kind == "r" || kind == "s" {
		return runtime.ClassRecurrent
	}
	return runtime.ClassAttention
}

// leaveUnreached leaves the tensors' figure out where graphs do not come by all of the
// cache that the log says was allocated: an encoder's by none of it, and by the keys
// alone of some indexers'. What the log says is held against the prediction then.
func leaveUnreached(m *results.Measured) {
	src := m.KVSources
	if src.Log == nil || src.LogAgrees(*src.Tensors) || *src.Tensors > *src.Log {
		return
	}
	m.Miss("kv_bytes", fmt.Sprintf("graphs come by %d bytes of the cache, of which the log says %d ± %d", *src.Tensors,
		*src.Log, *src.LogPrecision))
	src.Tensors, m.KVBytes, m.KVLayers = nil, nil, nil
}

// agreement checks the log's figure against the tensors', within the log's
// rounding.
func agreement(m *results.Measured) []results.Check {
	src := m.KVSources
	if src.Log == nil || src.Tensors == nil {
		return nil
	}
	c := results.Check{Name: "kv_bytes tensors = log", OK: src.LogAgrees(*src.Tensors)}
	if !c.OK {
		c.Detail = fmt.Sprintf("the cache tensors hold %d bytes, the log says %d ± %d", *src.Tensors, *src.Log, *src.LogPrecision)
	}
	return []results.Check{c}
}
