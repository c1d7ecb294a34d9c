package halves

import (
	"encoding/json"

	"assay/results"
)

// Decoder decodes constant halves. Most of their text is the layers of a cache, which
// are the same in many cases, predicted and measured: each is decoded once and shared.
type Decoder map[string][]results.KVLayer

// Constant decodes a constant half.
func (d Decoder) Constant(text []byte) (results.Record, error) {
	// A field of the outer struct is read in place of the embedded one's.
	var half struct {
		results.Record
		Predicted *struct {
			results.Predicted
			KVLayers json.RawMessage `json:"kv_layers"`
		} `json:"predicted"`
		Measured *struct {
			results.Measured
			KVLayers json.RawMessage `json:"kv_layers"`
		} `json:"measured"`
	}
	if err := json.Unmarshal(text, &half); err != nil {
		return results.Record{}, err
	}
	if p := half.Predicted; p != nil {
		half.Record.Predicted = &p.Predicted
		if err := d.layers(p.KVLayers, &p.Predicted.KVLayers); err != nil {
			return results.Record{}, err
		}
	}
	if m := half.Measured; m != nil {
		half.Record.Measured = &m.Measured
		if err := d.layers(m.KVLayers, &m.Measured.KVLayers); err != nil {
			return results.Record{}, err
		}
	}
	return half.Record, nil
}

// layers decodes a list of layers, or finds it.
func (d Decoder) layers(text json.RawMessage, to *[]results.KVLayer) error {
	if text == nil {
		return nil
	}
	known, ok := d[string(text)]
	if !ok {
		if err := json.Unmarshal(text, &known); err != nil {
			return err
		}
		d[string(text)] = known
	}
	*to = known
	return nil
}
