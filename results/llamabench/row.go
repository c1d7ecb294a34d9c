// Package llamabench reads and writes the results of llama.cpp's llama-bench
// in its formats (JSON, JSON Lines, CSV, SQL) and turns them into records and
// back. It knows those formats and the record, and nothing of stores or files.
package llamabench

import (
	"strconv"

	"assay/results"
)

// Row is one test of llama-bench: the settings that a record has a name for, in
// Case, and all else that llama-bench prints. UseMmap is of the releases before
// load_mode, and compare-llama-bench.py asks for it.
type Row struct {
	BuildCommit   string  `json:"build_commit"`
	BuildNumber   int64   `json:"build_number"`
	CPUInfo       string  `json:"cpu_info"`
	GPUInfo       string  `json:"gpu_info"`
	Backends      string  `json:"backends"`
	ModelFilename string  `json:"model_filename"`
	ModelType     string  `json:"model_type"`
	ModelSize     *int64  `json:"model_size"`
	ModelNParams  *int64  `json:"model_n_params"`
	UseMmap       flag    `json:"use_mmap"`
	Embeddings    flag    `json:"embeddings"`
	TestTime      string  `json:"test_time"`
	AvgNS         int64   `json:"avg_ns"`
	StddevNS      int64   `json:"stddev_ns"`
	AvgTS         float64 `json:"avg_ts"`
	StddevTS      float64 `json:"stddev_ts"`

	// SamplesNS and SamplesTS are in JSON and JSON Lines only.
	SamplesNS []int64   `json:"samples_ns"`
	SamplesTS []float64 `json:"samples_ts"`

	Case results.Case `json:"-"`
}

// order are the names in the order of test::get_fields in llama.cpp's
// tools/llama-bench/llama-bench.cpp, as llama-bench 0.7.0 (build 11669) prints
// them. A setting that llama-bench has and that is not listed stands after those
// of the test.
var order = []string{
	"build_commit", "build_number", "cpu_info", "gpu_info", "backends", "model_filename", "model_type", "model_size",
	"model_n_params", "n_batch", "n_ubatch", "n_threads", "cpu_mask", "cpu_strict", "poll", "type_k", "type_v", "n_gpu_layers",
	"n_cpu_moe", "split_mode", "main_gpu", "no_kv_offload", "flash_attn", "devices", "tensor_split", "tensor_buft_overrides",
	"use_mmap", "embeddings", "no_op_offload", "no_host", "n_prompt", "n_gen", "n_depth", others,
	"test_time", "avg_ns", "stddev_ns", "avg_ts", "stddev_ts", "samples_ns", "samples_ts",
}

// others is where settings stand that are not in the order.
const others = ""

// defaults is a row with what llama-bench has where nothing is asked for, and
// what assay leaves as it is.
func defaults() Row {
	return Row{
		UseMmap: 1,
	}
}

// flag is a switch: a bool in JSON, 0 or 1 in CSV and SQL.
type flag int64

func (f flag) MarshalJSON() ([]byte, error) { return strconv.AppendBool(nil, f != 0), nil }

// booleans are the settings that JSON has as true and false; others are 0 and 1.
var booleans = map[string]bool{"no_kv_offload": true, "no_host": true, "cpu_strict": true}

// loose are the columns that say how a test was run and that every row has a
// default for: releases write them in several types, and one that is not
// understood costs no row.
var loose = map[string]bool{
	"cpu_mask": true, "cpu_strict": true, "poll": true, "n_cpu_moe": true, "split_mode": true, "main_gpu": true,
	"no_kv_offload": true, "devices": true, "tensor_split": true, "tensor_buft_overrides": true, "use_mmap": true,
	"embeddings": true, "no_op_offload": true, "no_host": true,
	// Computed of the samples again.
	"stddev_ns": true, "avg_ts": true, "stddev_ts": true,
}
