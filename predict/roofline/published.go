package roofline

import (
	_ "embed"
	"sync"

	"assay/predict/machines"

	"gonum.org/v1/gonum/mat"
)

//go:embed data/llama.cpp-4167.csv
var publishedCSV string

// publishedRow is one row of the published table: LLaMA-7B v2 in tokens a
// second, by weight type, prefill of 512 tokens and decode of 128.
type publishedRow struct {
	chip            machines.Chip
	prefill, decode map[string]float64
}

// publishedTypes are the weight types of the published table.
var publishedTypes = []string{"f16", "q8_0", "q4_0"}

// published is the table of llama.cpp discussion 4167; the file's first lines
// say where it was taken from.
func published() []publishedRow {
	rows := mustReadCSV(publishedCSV)
	table := make([]publishedRow, len(rows))
	for i, row := range rows {
		p := publishedRow{chip: chipOf(row), prefill: map[string]float64{}, decode: map[string]float64{}}
		for _, t := range publishedTypes {
			if v, ok := row.number(t + "_pp512"); ok {
				p.prefill[t] = v
			}
			if v, ok := row.number(t + "_tg128"); ok {
				p.decode[t] = v
			}
		}
		table[i] = p
	}
	return table
}

// The shape of LLaMA-7B v2 (Touvron et al., arXiv 2307.09288): 32 layers of
// 4096, feed-forward 11008, vocabulary 32000.
const (
	llamaLayers = 32
	llamaHidden = 4096
	llamaFF     = 11008
	llamaVocab  = 32000
	llamaBody   = llamaLayers * (4*llamaHidden*llamaHidden + 3*llamaHidden*llamaFF)
	llamaHead   = llamaHidden * llamaVocab
)

// llamaHeadType: llama-quantize keeps the head of a q4_0 file at q6_K.
var llamaHeadType = map[string]string{"f16": "f16", "q8_0": "q8_0", "q4_0": "q6_K"}

// bitsPerWeight of ggml's block formats (ggml-common.h: block size in bits over 32 or 256 weights).
var bitsPerWeight = map[string]float64{"f16": 16, "q8_0": 8.5, "q4_0": 4.5, "q6_K": 6.5625}

// llamaDecode is one generated token of LLaMA-7B. The cache of the first 128
// tokens (half a megabyte a token) is left out: under 1 % of the weights.
func llamaDecode(weightType string) Work {
	head := llamaHeadType[weightType]
	return Work{Tokens: 1, Steps: 1, Terms: []Term{
		{Class: ClassWeights, Type: weightType, FLOPs: 2 * llamaBody, Bytes: llamaBody * bitsPerWeight[weightType] / 8},
		{Class: ClassHead, Type: head, FLOPs: 2 * llamaHead, Bytes: llamaHead * bitsPerWeight[head] / 8},
	}}
}

// publishedPrompt is the length of the table's prompts.
const publishedPrompt = 512

// llamaPrefill is a prompt of LLaMA-7B in one micro-batch.
func llamaPrefill(weightType string) Work {
	const n = publishedPrompt
	w := llamaDecode(weightType)
	w.Tokens = n
	w.Terms[0].FLOPs *= n
	w.Terms = append(w.Terms, Term{
		Class: ClassAttention, Type: "f16",
		FLOPs: llamaLayers * 4 * n * n * llamaHidden, Bytes: 4 * llamaLayers * n * llamaHidden,
	})
	return w
}

// chipFit is what the published rows of one chip say about it: two parameters
// for decode, and a rate for each weight type in prefill.
type chipFit struct {
	chip machines.Chip
	// bandwidth is the bytes a second that decode sustains, overhead the
	// seconds a step takes besides (launches, attention, norms).
	bandwidth, overhead float64
	// rate is the FLOPs a second of prefill, by weight type.
	rate map[string]float64
}

// fitPublished fits one chip: seconds = bytes/bandwidth + overhead over its
// weight types, by non-negative least squares on relative error.
func fitPublished(p publishedRow) (chipFit, error) {
	var rows []float64
	var n int
	for _, t := range publishedTypes {
		if speed, ok := p.decode[t]; ok {
			rows = append(rows, llamaDecode(t).bytes()*speed/1e9, speed/1e3)
			n++
		}
	}
	ones := make([]float64, n)
	for i := range ones {
		ones[i] = 1
	}
	x, err := nnls(mat.NewDense(n, 2, rows), ones)
	if err != nil {
		return chipFit{}, err
	}
	f := chipFit{chip: p.chip, bandwidth: 1e9 / x[0], overhead: x[1] / 1e3, rate: map[string]float64{}}
	for t, speed := range p.prefill {
		w := llamaPrefill(t)
		f.rate[t] = w.flops() * speed / w.Tokens
	}
	return f, nil
}

// decodeSeconds is what the two parameters make of one sample.
func (f chipFit) decodeSeconds(w Work) float64 {
	return w.bytes()/f.bandwidth + w.Steps*f.overhead
}

// publishedFits fits every chip of the table once.
var publishedFits = sync.OnceValues(func() ([]chipFit, error) {
	var fits []chipFit
	for _, p := range published() {
		f, err := fitPublished(p)
		if err != nil {
			return nil, err
		}
		fits = append(fits, f)
	}
	return fits, nil
})

func chipOf(row csvRow) machines.Chip {
	cores, _ := row.number("gpu_cores")
	bandwidth, _ := row.number("bandwidth_GBps")
	return machines.Chip{Name: row["chip"], GPUCores: int(cores), Bandwidth: bandwidth * 1e9}
}
