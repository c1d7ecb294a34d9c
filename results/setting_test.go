package results_test

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results"
)

// Every field of a case is a row of the table, under the name that records have,
// and every row reads what it writes.
func TestSettingsAreTheFieldsOfACase(t *testing.T) {
	var fields []string
	of := reflect.TypeFor[results.Case]()
	for i := range of.NumField() {
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		if name != "kind" && name != "other" {
			fields = append(fields, name)
		}
	}
	var rows []string
	for _, s := range results.Settings {
		rows = append(rows, s.Name)
		value := map[bool]any{s.IsNumber(): 3, s.IsSwitch(): true}[true]
		if value == nil {
			value = "x"
		}
		var c results.Case
		s.Put(&c, value)
		assert.Equal(t, value, s.Of(c), s.Name)
		assert.False(t, s.Zero(c), s.Name)
		text, err := json.Marshal(c)
		require.NoError(t, err)
		assert.Contains(t, string(text), `"`+s.Name+`":`)
		var read map[string]any
		require.NoError(t, json.Unmarshal(text, &read))
		assert.EqualValues(t, value, read[s.Name], "%s is written to another field", s.Name)
		s.Put(&c, []int{1})
		assert.Equal(t, value, s.Of(c), "a value of another type changes nothing")
	}
	slices.Sort(fields)
	slices.Sort(rows)
	assert.Equal(t, fields, rows)
}

// A row that contradicts itself would do so wherever it is used.
func TestSettingsAreSound(t *testing.T) {
	seen := map[string]string{}
	for _, s := range results.Settings {
		for what, name := range map[string]string{"name": s.Name, "flag": s.Flag, "llama-bench": s.LlamaBench[0], "mlx-lm": s.MLX} {
			if name != "" {
				assert.Empty(t, seen[what+name], "%s %s of %s is another's", what, name, s.Name)
				seen[what+name] = s.Name
			}
		}
		assert.Regexp(t, regexp.MustCompile("`[^`]+`"), s.Help+map[bool]string{true: "`on`"}[s.IsSwitch()], "%s: help without a unit", s.Name)
		if s.Default != nil {
			assert.Equal(t, reflect.TypeOf(s.Of(results.Case{})), reflect.TypeOf(s.Default), s.Name)
			assert.NoError(t, s.Check(s.Default), s.Name)
		}
		assert.True(t, s.Default != nil || s.Otherwise != "", "%s says no default", s.Name)
		if s.Follows != "" {
			_, ok := results.SettingNamed(s.Follows)
			assert.True(t, ok, s.Follows)
		}
		for _, w := range s.Values {
			v, err := s.Parse(s.LlamaBenchText(w.Value))
			require.NoError(t, err)
			assert.Equal(t, w.Value, v, "llama-bench's word for it")
			assert.NoError(t, s.Check(w.Value))
		}
	}
}

func TestSettingParseAndCheck(t *testing.T) {
	for _, tc := range []struct{ name, text, parse, check string }{
		{"n_ctx", "4096", "", ""},
		{"n_ctx", "0", "", ""},
		{"n_ctx", "-5", "", "n_ctx -5 must be 0 or more (-c)"},
		{"n_ctx", "99999999999", "", "n_ctx 99999999999 must be 67108864 or less (-c)"},
		{"n_ctx", "many", `"many" is no number of tokens, such as 32768 or 32k`, ""},
		{"n_seq", "0", "", "n_seq 0 must be 1 or more (-np)"},
		{"n_seq", "257", "", "n_seq 257 must be 256 or less (-np)"},
		{"kv_bits", "4", "", ""},
		{"kv_bits", "0", "", ""},
		{"kv_bits", "3", "", "kv_bits 3: 2, 4 or 8"},
		{"flash_attn", "1", "", ""},
		{"flash_attn", "yes", `"yes" is not one of -1, 0, 1, auto, off, on`, ""},
		{"swa_full", "1", "", ""},
		{"swa_full", "maybe", `"maybe" is neither 0 nor 1`, ""},
		{"type_k", "", "an empty word where type_k is given", ""},
	} {
		s, ok := results.SettingNamed(tc.name)
		require.True(t, ok)
		v, err := s.Parse(tc.text)
		if tc.parse != "" {
			assert.EqualError(t, err, tc.parse)
			continue
		}
		require.NoError(t, err)
		if err := s.Check(v); tc.check != "" {
			assert.EqualError(t, err, tc.check)
		} else {
			assert.NoError(t, err)
		}
	}
	_, ok := results.SettingNamed("n_nothing")
	assert.False(t, ok)
}

func TestWhoKnowsASetting(t *testing.T) {
	named := func(name string) results.Setting { s, _ := results.SettingNamed(name); return s }
	assert.True(t, named("n_ctx").KnownTo(results.MLX, results.KindPlan))
	assert.False(t, named("n_ctx").KnownTo(results.MLX, results.KindDecode))
	assert.True(t, named("n_ctx").KnownTo(results.MLX))
	assert.True(t, named("n_gen").KnownTo("anything"))
	assert.False(t, named("max_kv_size").KnownTo(results.LlamaCpp))
	err := named("max_kv_size").Refuse([]string{results.LlamaCpp}, nil, "is not to run")
	assert.EqualError(t, err, "--max-kv-size (max_kv_size) is a setting of mlx, which is not to run; leave it out, or name mlx as a runtime")
	assert.NoError(t, named("max_kv_size").Refuse([]string{results.LlamaCpp, results.MLX}, nil, ""))
	assert.True(t, named("devices").Takes(results.MLX, "none"))
	assert.False(t, named("devices").Takes(results.MLX, "MTL0"), "MLX has one GPU")
	assert.True(t, named("devices").Takes(results.LlamaCpp, "MTL0"))
	assert.EqualError(t, named("devices").RefuseValue([]string{results.MLX}, "MTL0"),
		"-dev MTL0 (devices) is nothing to mlx, which knows -dev none alone; leave it out")
	assert.NoError(t, named("devices").RefuseValue([]string{results.MLX, results.LlamaCpp}, "MTL0"))
	assert.Empty(t, results.Case{Devices: "MTL0"}.KnownTo(results.MLX).Devices)
	assert.Equal(t, "none", results.Case{Devices: "none"}.KnownTo(results.MLX).Devices)
	assert.False(t, named("swa_full").Given([]any{false}))
	assert.True(t, named("swa_full").Given([]any{false, true}))
	assert.True(t, named("n_ctx").Given([]any{0}))
	assert.Equal(t, "-kvu", results.Dashed("kvu"))
	assert.Equal(t, "--kv-bits", results.Dashed("kv-bits"))
}

func TestHeadings(t *testing.T) {
	usual := results.Case{Kind: results.KindKV, NUbatch: 512, NSeq: 1, TypeK: "f16", TypeV: "f16", FlashAttn: "auto"}
	assert.Empty(t, usual.Variant())
	c := usual
	c.TypeK, c.TypeV, c.NUbatch, c.SWAFull, c.NSeq = "q8_0", "q8_0", 128, true, 2
	assert.Equal(t, "ubatch 128, 2 sequences, K q8_0, V q8_0, swa-full", c.Variant())
	assert.Equal(t, [][]string{{"ub=512", "np=1", "ctk=f16", "swa-full=false"}, {"ub=128", "np=2", "ctk=q8_0", "swa-full=true"}},
		results.Apart([]results.Case{usual, c}))
	c.TypeV = "f16"
	assert.Equal(t, "ubatch 128, 2 sequences, K q8_0, V f16, swa-full", c.Variant())
	assert.Equal(t, [][]string{nil, nil}, results.Apart([]results.Case{usual, usual}))
	assert.Equal(t, "8-bit cache, groups of 32", results.Case{KVBits: 8, KVGroupSize: 32}.Variant())
}
