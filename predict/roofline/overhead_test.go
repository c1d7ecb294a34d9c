package roofline_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/roofline"
)

// launched are observations of a machine on which every node costs 20 µs, and
// models whose products have 2, 3 or 4 nodes each.
func launched() []roofline.Observation {
	obs := measure(machine(), 0.02, shapes, "q8_0", "q4_0")
	for i := range obs {
		w := &obs[i].Work
		n := *w.Products * float64(2+len(obs[i].Model)%3)
		w.Nodes = &n
		obs[i].Seconds += 2e-5*n - machine().product**w.Products
	}
	return obs
}

func TestOverheadIsChosenByTheData(t *testing.T) {
	obs := launched()
	fit, err := roofline.New(obs, roofline.Options{})
	require.NoError(t, err)
	assert.Equal(t, roofline.PerNode, fit.Form.Overhead)
	assert.Contains(t, fit.Form.String(), "a fixed cost per graph node")
	i := slices.IndexFunc(fit.Parameters, func(p roofline.Parameter) bool { return p.Name == "graph node" })
	require.GreaterOrEqual(t, i, 0)
	assert.InEpsilon(t, 2e-5, fit.Parameters[i].Seconds.Value, 0.1)
	assert.Equal(t, "graph node", fit.Parameters[i].Unit)

	work := obs[0].Work
	work.Nodes = nil
	_, err = fit.Predict(obs[0].Kind, work)
	assert.ErrorContains(t, err, "needs the graph nodes, and they are not counted for this work")

	obs[0].Work.Nodes = nil
	fit, err = roofline.New(obs, roofline.Options{})
	require.NoError(t, err)
	assert.Equal(t, roofline.PerProduct, fit.Form.Overhead, "the nodes of one case are not known")
}

// A fit stored when products were the only operations to count calls them nodes.
func TestStoredFitsCountProducts(t *testing.T) {
	obs := measure(machine(), 0.02, shapes, "q8_0")
	fit, err := roofline.New(obs, roofline.Options{})
	require.NoError(t, err)
	text, err := json.Marshal(fit)
	require.NoError(t, err)
	stored := strings.NewReplacer(`,"overhead":"products"`, "", `"product"`, `"node"`).Replace(string(text))
	require.NotContains(t, stored, "product")
	var old roofline.Fit
	require.NoError(t, json.Unmarshal([]byte(stored), &old))
	for _, o := range obs {
		nodes := 9 * *o.Work.Products
		o.Work.Nodes = &nodes
		want, err := fit.Predict(o.Kind, o.Work)
		require.NoError(t, err)
		got, err := old.Predict(o.Kind, o.Work)
		require.NoError(t, err)
		assert.Equal(t, want.Seconds, got.Seconds)
	}
}
