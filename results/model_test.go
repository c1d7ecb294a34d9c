package results_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/results"
)

// file is a model that was read from its file, loaded as it was.
func file(name, fileType, header string, size int64) results.Model {
	return results.Model{
		Ref: "/models/" + name + ".gguf", Name: "Twin", FileType: fileType, HeaderSHA256: header + "00112233445566778899",
		SizeBytes: &size, WeightBytes: &size, NParams: new(int64(7000)),
	}
}

// A key has the file's type and the start of its header's hash.
func TestKeyOfAFile(t *testing.T) {
	rec := decode("r1")
	rec.Model = file("a", "Q4_K - Medium", "3f1c09", 10)
	assert.Contains(t, rec.Key(), `llama.cpp Twin "Q4_K - Medium" header=3f1c09001122 decode `)
	assert.Contains(t, rec.EarlierKey(), "llama.cpp Twin decode ")

	elsewhere := rec
	elsewhere.Model.Ref, elsewhere.Model.WeightBytes, elsewhere.Model.NParams = "/mnt/b.gguf", nil, nil
	assert.Equal(t, rec.Key(), elsewhere.Key(), "where a file lies, and whether it could be loaded, is nothing of its identity")

	other := rec
	other.Model = file("a", "Q4_K - Medium", "3f1c0a", 10)
	assert.NotEqual(t, rec.Key(), other.Key())

	rec.Model = rec.Model.Earlier()
	assert.Empty(t, rec.EarlierKey(), "an earlier record's key is what it was")
}

// Same is true of what can be one model, for all that both sides know.
func TestSame(t *testing.T) {
	q4, f16 := file("twin-q4", "Q4_0", "aaaaaa", 10), file("twin-f16", "F16", "bbbbbb", 40)
	// bench is what llama-bench says of a file, earlier what older records do.
	bench := func(m results.Model) results.Model {
		m.Name, m.HeaderSHA256 = m.Ref[len("/models/"):len(m.Ref)-len(".gguf")], ""
		return m
	}
	earlier := func(m results.Model) results.Model {
		e := m.Earlier()
		e.WeightBytes, e.NParams = m.WeightBytes, m.NParams
		return e
	}
	failed := q4.Earlier()
	skeleton := results.Model{Name: "Twin", Skeleton: "full", WeightType: "q4_0"}
	renamed := bench(q4)
	renamed.Ref, renamed.Name = `C:\hub\other.gguf`, "other"
	smaller := bench(q4)
	smaller.SizeBytes, smaller.WeightBytes = new(int64(9)), nil
	for name, tt := range map[string]struct {
		a, b results.Model
		want bool
	}{
		"one file":                              {q4, q4, true},
		"two files of one name":                 {q4, f16, false},
		"llama-bench's row of the file":         {q4, bench(q4), true},
		"llama-bench's row of the other":        {q4, bench(f16), false},
		"another file, to llama-bench":          {q4, renamed, false},
		"a file of the name, of another size":   {q4, smaller, false},
		"an earlier record of the file":         {q4, earlier(q4), true},
		"an earlier record of the other":        {q4, earlier(f16), false},
		"an earlier one that failed":            {q4, failed, true},
		"two rows of llama-bench":               {bench(q4), bench(f16), false},
		"an earlier record, and llama-bench's":  {earlier(f16), bench(f16), true},
		"a skeleton of the model, and its file": {q4, skeleton, false},
		"two skeletons":                         {skeleton, results.Model{Name: "Twin", Skeleton: "full", WeightType: "f16"}, false},
	} {
		assert.Equal(t, tt.want, tt.a.Same(tt.b), name)
		assert.Equal(t, tt.want, tt.b.Same(tt.a), "%s, turned round", name)
	}
}

// What is called and packed alike is told apart by its file, or else by its header.
func TestFileApart(t *testing.T) {
	a, b, other := file("by-a", "Q4_0", "aaaaaa", 10), file("by-b", "Q4_0", "bbbbbb", 11), file("by-c", "F16", "cccccc", 40)
	moved := a
	moved.Ref = "/elsewhere/by-a.gguf"
	likeA := b
	likeA.Ref = "/elsewhere/by-a.gguf"
	for name, tt := range map[string]struct {
		models []results.Model
		want   []string
	}{
		"types tell":          {[]results.Model{a, other}, []string{"", ""}},
		"one, in two places":  {[]results.Model{a, moved}, []string{"", ""}},
		"files tell":          {[]results.Model{a, b, other}, []string{"by-a", "by-b", ""}},
		"only the header may": {[]results.Model{a, likeA}, []string{"aaaaaa001122", "bbbbbb001122"}},
	} {
		var records []results.Record
		for _, m := range tt.models {
			records = append(records, results.Record{Model: m})
		}
		apart := results.FileApart(records)
		for i, m := range tt.models {
			assert.Equal(t, tt.want[i], apart(m), name)
		}
	}
}
