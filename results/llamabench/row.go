// Package llamabench reads and writes the results of llama.cpp's llama-bench
// in its formats (JSON, JSON Lines, CSV, SQL) and turns them into records and
// back. It knows those formats and the record, and nothing of stores or files.
package llamabench

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Row is one test of llama-bench. The names and their order are those of
// test::get_fields in llama.cpp's tools/llama-bench/llama-bench.cpp, as
// llama-bench 0.7.0 (build 11669) prints them; UseMmap is of the releases
// before load_mode, and compare-llama-bench.py asks for it.
type Row struct {
	BuildCommit         string  `json:"build_commit"`
	BuildNumber         int64   `json:"build_number"`
	CPUInfo             string  `json:"cpu_info"`
	GPUInfo             string  `json:"gpu_info"`
	Backends            string  `json:"backends"`
	ModelFilename       string  `json:"model_filename"`
	ModelType           string  `json:"model_type"`
	ModelSize           *int64  `json:"model_size,omitempty"`
	ModelNParams        *int64  `json:"model_n_params,omitempty"`
	NBatch              int64   `json:"n_batch"`
	NUbatch             int64   `json:"n_ubatch"`
	NThreads            int64   `json:"n_threads"`
	CPUMask             string  `json:"cpu_mask"`
	CPUStrict           flag    `json:"cpu_strict"`
	Poll                int64   `json:"poll"`
	TypeK               string  `json:"type_k"`
	TypeV               string  `json:"type_v"`
	NGPULayers          int64   `json:"n_gpu_layers"`
	NCPUMoE             int64   `json:"n_cpu_moe"`
	SplitMode           string  `json:"split_mode"`
	MainGPU             int64   `json:"main_gpu"`
	NoKVOffload         flag    `json:"no_kv_offload"`
	FlashAttn           tri     `json:"flash_attn"`
	Devices             string  `json:"devices"`
	TensorSplit         string  `json:"tensor_split"`
	TensorBuftOverrides string  `json:"tensor_buft_overrides"`
	UseMmap             flag    `json:"use_mmap"`
	Embeddings          flag    `json:"embeddings"`
	NoOpOffload         tri     `json:"no_op_offload"`
	NoHost              flag    `json:"no_host"`
	NPrompt             int64   `json:"n_prompt"`
	NGen                int64   `json:"n_gen"`
	NDepth              int64   `json:"n_depth"`
	TestTime            string  `json:"test_time"`
	AvgNS               int64   `json:"avg_ns"`
	StddevNS            int64   `json:"stddev_ns"`
	AvgTS               float64 `json:"avg_ts"`
	StddevTS            float64 `json:"stddev_ts"`

	// SamplesNS and SamplesTS are in JSON and JSON Lines only.
	SamplesNS []int64   `json:"samples_ns,omitempty"`
	SamplesTS []float64 `json:"samples_ts,omitempty"`
}

// defaults is a row with what llama-bench has where nothing is asked for, and
// what assay leaves as it is.
func defaults() Row {
	return Row{
		CPUMask: "0x0", Poll: 50, SplitMode: "layer", Devices: "auto",
		TensorSplit: "0.00", TensorBuftOverrides: "none", UseMmap: 1,
	}
}

// flag is a switch: a bool in JSON, 0 or 1 in CSV and SQL.
type flag int64

func (f flag) MarshalJSON() ([]byte, error) { return strconv.AppendBool(nil, f != 0), nil }

// tri is a switch that may also be -1, automatic. llama-bench printed it as a
// bool before there was a third state.
type tri int64

// column is a field of Row that CSV and SQL have too.
type column struct {
	name  string
	kind  reflect.Kind
	index int
}

var columns = func() []column {
	var all []column
	row := reflect.TypeFor[Row]()
	for i := range row.NumField() {
		f := row.Field(i)
		if f.Type.Kind() == reflect.Slice {
			continue
		}
		kind := f.Type.Kind()
		if kind == reflect.Pointer {
			kind = f.Type.Elem().Kind()
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		all = append(all, column{name, kind, i})
	}
	return all
}()

// text returns the column of a row as CSV and SQL have it; unknown is "".
func (c column) text(row *Row) string {
	v := reflect.ValueOf(row).Elem().Field(c.index)
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return ""
		}
		v = v.Elem()
	}
	if v.Kind() == reflect.Float64 {
		return strconv.FormatFloat(v.Float(), 'f', 6, 64)
	}
	return fmt.Sprint(v.Interface())
}

// words are what some releases write for a number.
var words = map[string]string{"true": "1", "false": "0", "auto": "-1", "on": "1", "off": "0"}

// set is the reverse of text.
func (c column) set(row *Row, text string) error {
	v := reflect.ValueOf(row).Elem().Field(c.index)
	if text == "" && c.kind != reflect.String {
		return nil
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch c.kind {
	case reflect.String:
		v.SetString(text)
	case reflect.Int64:
		text = cmp.Or(words[text], text)
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("%s is %q, not a whole number", c.name, text)
		}
		v.SetInt(n)
	case reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("%s is %q, not a number", c.name, text)
		}
		v.SetFloat(f)
	}
	return nil
}

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

// take sets a column from a file's text.
func (c column) take(row *Row, text string) error {
	if loose[c.name] {
		if text != "" {
			_ = c.set(row, text) // what is not understood keeps its default
		}
		return nil
	}
	return c.set(row, text)
}

// FromColumns makes a row of the values of named columns; unknown names are
// ignored, and names that a release does not have keep their defaults.
func FromColumns(names, values []string) (Row, error) {
	row := defaults()
	if len(names) != len(values) {
		return row, fmt.Errorf("%d values for %d columns", len(values), len(names))
	}
	byName := map[string]column{}
	for _, c := range columns {
		byName[c.name] = c
	}
	for i, name := range names {
		if c, ok := byName[name]; ok {
			if err := c.take(&row, values[i]); err != nil {
				return row, err
			}
		}
	}
	return row, row.check()
}

// check refuses a row that no test can have written.
func (r Row) check() error {
	switch {
	case r.NPrompt < 0 || r.NGen < 0 || r.NDepth < 0 || r.NPrompt+r.NGen == 0:
		return fmt.Errorf("n_prompt is %d and n_gen %d; a test processes at least one token", r.NPrompt, r.NGen)
	case r.AvgNS <= 0:
		return fmt.Errorf("avg_ns is %d; a test takes at least 1 ns", r.AvgNS)
	}
	if _, err := time.Parse(time.RFC3339, r.TestTime); err != nil {
		return fmt.Errorf("test_time is %q, not a time like 2026-11-20T02:00:00Z", r.TestTime)
	}
	return nil
}
