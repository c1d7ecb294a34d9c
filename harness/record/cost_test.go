package record

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/results"
)

// Each check sees the defect that is planted in its figure, and no other does.
func TestCostsAgree(t *testing.T) {
	of := func() *results.Cost {
		return &results.Cost{Steps: 2, Nodes: new(int64(100)), KVWriteBytes: 30, ActivationBytes: 40, Terms: []results.CostTerm{
			{Class: "weights", Type: "q4_0", FLOPs: 10, Bytes: 20}, {Class: "experts", Type: "q4_0", FLOPs: 5, Bytes: 7},
			{Class: "attention", Type: "f16", FLOPs: 50, Bytes: 60},
		}}
	}
	tests := map[string]struct {
		plant func(*results.Cost)
		fails string
	}{
		"nothing":                {func(*results.Cost) {}, ""},
		"a graph too many":       {func(c *results.Cost) { c.Steps++ }, "steps predicted = executed"},
		"a node less":            {func(c *results.Cost) { *c.Nodes-- }, "nodes predicted = executed"},
		"an operation":           {func(c *results.Cost) { c.Terms[0].FLOPs++ }, "terms predicted = executed"},
		"a weight's byte":        {func(c *results.Cost) { c.Terms[0].Bytes++ }, "terms predicted = executed"},
		"another type":           {func(c *results.Cost) { c.Terms[0].Type = "q5_0" }, "terms predicted = executed"},
		"experts' operations":    {func(c *results.Cost) { c.Terms[1].FLOPs++ }, "terms predicted = executed"},
		"a class that is absent": {func(c *results.Cost) { c.Terms = c.Terms[:2] }, "terms predicted = executed"},
		"a byte of cache read":   {func(c *results.Cost) { c.Terms[2].Bytes-- }, "terms predicted = executed"},
		"attention's other type": {func(c *results.Cost) { c.Terms[2].Type = "f32" }, ""},
		"fewer experts":          {func(c *results.Cost) { c.Terms[1].Bytes = 4 }, ""},
		"too few experts":        {func(c *results.Cost) { c.Terms[1].Bytes = 3 }, "expert bytes within bounds"},
		"too many experts":       {func(c *results.Cost) { c.Terms[1].Bytes = 9 }, "expert bytes within bounds"},
		"a byte written":         {func(c *results.Cost) { c.KVWriteBytes++ }, "kv_write_bytes predicted = executed"},
		"an activation":          {func(c *results.Cost) { c.ActivationBytes++ }, "activation_bytes predicted = executed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, m := of(), of()
			p.ExpertBytes = &[2]int64{4, 8}
			tt.plant(m)
			checks := costsAgree(p, m)
			assert.Len(t, checks, 6)
			for _, c := range checks {
				assert.Equal(t, c.Name != tt.fails, c.OK, c.Name)
				assert.Equal(t, c.OK, c.Detail == "", c.Detail)
			}
		})
	}
	assert.Empty(t, costsAgree(of(), nil), "nothing was executed")
	unknown := of()
	unknown.Nodes = nil
	assert.Len(t, costsAgree(unknown, of()), 4, "no nodes, no experts predicted: four checks")
}
