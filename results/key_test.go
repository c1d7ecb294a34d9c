package results_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/results"
)

func TestKey(t *testing.T) {
	rec := decode("r1")
	assert.Equal(t, results.Key("llama.cpp qwen3-0.6b q4_K decode flash_attn=auto n_ctx=4096 n_gen=128 type_k=f16 type_v=f16"), rec.Key())

	rec.Model = results.Model{Ref: `C:\models\a b.gguf`, Skeleton: "full"}
	assert.Equal(t, results.Key(`llama.cpp "a b.gguf" full-skeleton decode flash_attn=auto n_ctx=4096 n_gen=128 type_k=f16 type_v=f16`),
		rec.Key())

	rec.Model.Name = "\x1b[31m</td>ö"
	assert.Contains(t, rec.Key(), `"\x1b[31m</td>\u00f6"`)
}

// Every parameter separates two cases; nothing else does.
func TestKeyTellsEveryParameterApart(t *testing.T) {
	rec := decode("r1")
	same := decode("r2")
	same.Runtime.Version, same.Runtime.Path, same.Host.Chip, same.Model.Ref = "b8000", "/opt", "Apple M1", "/elsewhere.gguf"
	assert.Equal(t, rec.Key(), same.Key())

	fields := reflect.ValueOf(&rec.Case).Elem()
	for i := range fields.NumField() {
		before, f := rec.Key(), fields.Field(i)
		switch f.Kind() {
		case reflect.Int:
			f.SetInt(f.Int() + 1)
		case reflect.Bool:
			f.SetBool(!f.Bool())
		case reflect.String:
			f.SetString(f.String() + "x")
		}
		assert.NotEqual(t, before, rec.Key(), fields.Type().Field(i).Name)
	}
}

func TestCaseTest(t *testing.T) {
	for want, c := range map[string]results.Case{
		"pp512":         {Kind: results.KindPrefill, NPrompt: 512},
		"pp64+tg16":     {Kind: results.KindDecode, NPrompt: 64, NGen: 16},
		"tg128 @ d4096": {Kind: results.KindDecode, NGen: 128, NDepth: 4096},
		"kv 32768":      {Kind: results.KindKV, NCtx: 32768},
	} {
		assert.Equal(t, want, c.Test())
	}
}

func TestTokens(t *testing.T) {
	assert.Equal(t, 512, results.Case{Kind: results.KindPrefill, NPrompt: 512}.Tokens())
	assert.Equal(t, 512, results.Case{Kind: results.KindDecode, NGen: 128, NSeq: 4, NDepth: 9}.Tokens())
	assert.Zero(t, results.Case{Kind: results.KindKV, NCtx: 512}.Tokens())
}

func TestMachine(t *testing.T) {
	assert.Equal(t, "mini (Apple M4)", results.Host{Name: "mini", Chip: "Apple M4"}.Machine())
	assert.Equal(t, "Apple M4", results.Host{Chip: "Apple M4"}.Machine())
	assert.Equal(t, "mini", results.Host{Name: "mini"}.Machine())
}

func TestByKeyPrefersTheLastSuccess(t *testing.T) {
	failed, first, second := decode("r1"), decode("r1"), decode("r1")
	failed.Status = results.StatusFailed
	first.Measured.SamplesNS[0], second.Measured.SamplesNS[0] = 1, 2
	for name, records := range map[string][]results.Record{
		"retry":             {failed, second},
		"failure after":     {second, failed},
		"two of each":       {failed, first, second, failed},
		"failure, then two": {failed, failed, first, second},
	} {
		got := results.Run{Records: records}.ByKey()
		assert.Equal(t, map[results.Key]results.Record{second.Key(): second}, got, name)
	}
}

func TestSpeed(t *testing.T) {
	one := results.Speed([]int64{500_000_000}, 64)
	assert.Equal(t, &results.TokensPerSecond{Median: 128, Mean: 128}, one, "one sample has no spread")
	six := results.Speed([]int64{1e9, 1e9, 1e9, 2e9, 1e9, 1e9}, 100)
	assert.Equal(t, 100.0, six.Median)
	assert.InDelta(t, 550.0/6, six.Mean, 1e-9)
	assert.InDelta(t, 20.41, *six.Stddev, 0.01)
	assert.Equal(t, &[2]float64{50, 100}, six.CI95)
	five := results.Speed([]int64{1e9, 1e9, 1e9, 2e9, 1e9}, 100)
	assert.Nil(t, five.CI95, "the smallest of five is above the median in more than 2.5 of 100 draws")
	assert.Nil(t, results.Speed(nil, 64))
	assert.Nil(t, results.Speed([]int64{5}, 0))
}

func TestKeyWords(t *testing.T) {
	rec := decode("r1")
	rec.Model.Name = `my "n_gen=9" \ model`
	assert.Equal(t, []string{"llama.cpp", `"my \"n_gen=9\" \\ model"`, "q4_K", "decode",
		"flash_attn=auto", "n_ctx=4096", "n_gen=128", "type_k=f16", "type_v=f16"}, rec.Key().Words())
	assert.Equal(t, 2*(64+16), results.Case{Kind: results.KindDecode, NPrompt: 64, NGen: 16, NSeq: 2}.Tokens())
	assert.NotPanics(t, func() { results.Key(`"\`).Words() })
}
