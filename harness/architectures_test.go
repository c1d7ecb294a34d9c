package harness_test

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	goruntime "runtime"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/llamacpp"
	"assay/harness/record"
	"assay/harness/subject"
	"assay/harness/worker/workertest"
	"assay/native/llama"
	"assay/results"
)

// verdict is what became of one architecture.
type verdict struct {
	name, state, why string
	// loads are those until it was put together, more the other ways in which it ran.
	loads, more         int
	measured, predicted *int64
}

// The states, from the best to the worst.
const (
	isExact        = "exact"
	isWrong        = "wrong"
	isNotPredicted = "not predicted"
	isRefused      = "refused"
	isCrashed      = "crashed"
	isStuck        = "does not load"
)

var states = []string{isExact, isWrong, isNotPredicted, isRefused, isCrashed, isStuck}

// ask puts a model of the architecture together, with one beginning after another
// until one can be measured.
func ask(t *testing.T, p **drawer, dir, name string) verdict {
	best := verdict{name: name, state: isStuck}
	for _, with := range beginnings {
		v := askOnce(t, p, filepath.Join(dir, name+".gguf"), begin(name, with))
		v.loads += best.loads
		if slices.Index(states, v.state) <= slices.Index(states, best.state) && (best.why == "" || v.state != best.state) {
			best = v
		} else {
			best.loads = v.loads
		}
		if best.state == isExact || best.state == isWrong || best.state == isNotPredicted {
			break
		}
	}
	return best
}

func askOnce(t *testing.T, p **drawer, path string, a *asked) (v verdict) {
	v = verdict{name: a.name, state: isStuck}
	said := map[string]int{}
	for v.loads < 2000 {
		v.loads++
		if !assert.NoError(t, a.write(path), a.name) {
			return v
		}
		got, err := (*p).run(draw{Path: path, Case: askedCase})
		if err != nil { // it aborted
			*p = startDrawer(t)
			if a.obey(err.Error()) {
				continue
			}
			v.why = lastLine(err.Error())
			if len(a.tensors) > 0 {
				v.state = isCrashed
			}
			return v
		}
		if got.Error == "" {
			return v.compare(t, path, askedCase, got)
		}
		if said[lastLine(got.Error)]++; said[lastLine(got.Error)] > 3 || !a.mend(got.Error) {
			v.why = lastLine(got.Error)
			if !strings.Contains(got.Error, "loading ") {
				v.state = isCrashed
			}
			return v
		}
	}
	v.why = "it never loaded"
	return v
}

// compare sets the prediction from the file beside what was measured.
func (v verdict) compare(t *testing.T, path string, of results.Case, got drawn) verdict {
	v.measured = got.Outcome.Measured.KVBytes
	s, err := subject.Of(t.Context(), subject.Ask{Ref: path, Runtime: llamacpp.Name})
	if err != nil {
		v.state, v.why = isRefused, err.Error()
		return v
	}
	of = s.Runtime.Settle(of, s.Facts)
	rec := results.Record{Runtime: got.Outcome.Runtime, Case: of, Measured: got.Outcome.Measured, Checks: got.Outcome.Checks}
	record.Predict(&rec, s.Item(of))
	for _, c := range rec.Checks {
		if !c.OK {
			v.why = c.Name + ": " + c.Detail
			break
		}
	}
	switch {
	case rec.Predicted == nil || rec.Predicted.KVBytes == nil:
		v.state, v.why = isNotPredicted, cmp.Or(v.why, rec.NotPredicted)
		return v
	case v.measured == nil: // the log alone knows the cache, which a check holds
		v.state = isExact
	case *rec.Predicted.KVBytes == *v.measured:
		v.state = isExact
	default:
		v.state = isWrong
	}
	v.predicted = rec.Predicted.KVBytes
	return v
}

// lastLine is the last that the library said.
func lastLine(text string) string {
	parts := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '|' })
	for i := len(parts) - 1; i >= 0; i-- {
		if s := strings.TrimSpace(parts[i]); s != "" && !strings.Contains(s, "failed to load model") {
			return s
		}
	}
	return text
}

// TestArchitectures asks the library for every architecture that it names, and
// prints how many can be measured and how many are exact; scripts/architectures.
func TestArchitectures(t *testing.T) {
	if os.Getenv("ASSAY_ARCHITECTURES") == "" && os.Getenv("ASSAY_ALL") == "" {
		t.Skip("takes minutes: scripts/architectures")
	}
	workertest.NeedLlama(t)
	names := strings.Split(os.Getenv("ASSAY_ARCHITECTURES"), ",")
	all := len(names) == 1 && (names[0] == "" || names[0] == "all")
	if all {
		library, err := llama.Find()
		require.NoError(t, err)
		names = architectures(t, library)
	}
	work := make(chan string)
	var found []verdict
	var lock sync.Mutex
	var group sync.WaitGroup
	for range goruntime.GOMAXPROCS(0) {
		group.Go(func() {
			dir, p := t.TempDir(), startDrawer(t)
			for name := range work {
				v := ask(t, &p, dir, name)
				if v.state == isExact && v.why == "" {
					v.why, v.more = held(t, &p, filepath.Join(dir, name+".gguf"))
				}
				lock.Lock()
				found = append(found, v)
				lock.Unlock()
				t.Logf("%s: %s %s", v.name, v.state, v.why)
			}
			assert.NoError(t, p.in.Close())
			assert.NoError(t, p.cmd.Wait())
		})
	}
	for _, name := range names {
		work <- name
	}
	close(work)
	group.Wait()
	measured, exact := printArchitectures(found)
	if all { // of any library since v0.5.0; what a table says here is met by no luck
		assert.GreaterOrEqual(t, measured, 115)
		assert.GreaterOrEqual(t, exact, 110)
	}
	for _, v := range found {
		assert.False(t, v.state == isExact && v.why != "", "%s: %s", v.name, v.why)
		assert.False(t, v.state == isExact && v.more == 0, "%s runs in no other way", v.name)
	}
}

// otherwise are ways to run what was asked for beside askedCase: in several
// micro-batches, of which the first have no outputs, without flash attention for two
// sequences, and behind tokens, with a quantised cache.
func otherwise() []results.Case {
	pieces, plain, deep := askedCase, askedCase, askedCase
	pieces.NPrompt, pieces.NUbatch = 24, 8
	plain.FlashAttn, plain.NSeq = "off", 2
	deep.NDepth, deep.TypeK, deep.TypeV = 600, "q8_0", "q8_0"
	return []results.Case{pieces, plain, deep}
}

// held says what of a prediction does not hold of the file run otherwise, "" if all does,
// and in how many ways it ran: an encoder takes no pieces, and one without flash attention
// no quantised values.
func held(t *testing.T, p **drawer, path string) (why string, ran int) {
	for _, c := range otherwise() {
		got, err := (*p).run(draw{Path: path, Case: c})
		if err != nil { // it aborted
			*p = startDrawer(t)
			continue
		}
		if got.Error != "" {
			continue
		}
		if v := (verdict{}).compare(t, path, c, got); v.state != isExact || v.why != "" {
			return v.state + " " + v.why, ran
		}
		ran++
	}
	return "", ran
}

// TestAskedWork: what the graphs of families do otherwise than their tensors tell is
// predicted, also of prompts in several micro-batches, whose first have no outputs, and
// without flash attention: experts of every second layer that are never run, an input for
// each expert, norms in the middle and behind attention, one of the embeddings beside the
// last one, a norm for each head, and flash attention that the library turns off. What
// it allocates and graphs never come by is held against its log.
func TestAskedWork(t *testing.T) {
	workertest.NeedLlama(t)
	dir, p := t.TempDir(), startDrawer(t)
	for _, name := range []string{
		"ernie4_5-moe", "llama4", "bitnet", "bloom", "muse-glimmer", "glm4moe", "grok", "talkie", "llama-embed",
	} {
		v := ask(t, &p, dir, name)
		assert.Equal(t, isExact, v.state, name)
		assert.Empty(t, v.why, name)
		why, ran := held(t, &p, filepath.Join(dir, name+".gguf"))
		assert.Empty(t, why, name)
		assert.GreaterOrEqual(t, ran, 2, name)
	}
	assert.NoError(t, p.in.Close())
	assert.NoError(t, p.cmd.Wait())
}

// printArchitectures prints the table, and counts the measured and the exact.
func printArchitectures(found []verdict) (measured, exact int) {
	sort.Slice(found, func(i, j int) bool { return found[i].name < found[j].name })
	count := map[string]int{}
	fmt.Println("| architecture | KV predicted | measured | loads | what |\n|---|---|---|---|---|")
	for _, v := range found {
		count[v.state]++
		fmt.Printf("| %s | %s | %s | %d | %s %s |\n", v.name, orDash(v.predicted), orDash(v.measured), v.loads, v.state, v.why)
	}
	measured = count[isExact] + count[isWrong] + count[isNotPredicted] + count[isRefused]
	fmt.Printf("%d architectures, %d measured, %d exact", len(found), measured, count[isExact])
	for _, s := range states[1:] {
		fmt.Printf(", %d %s", count[s], s)
	}
	fmt.Println()
	return measured, count[isExact]
}

func orDash(n *int64) string {
	if n == nil {
		return "-"
	}
	return strconv.FormatInt(*n, 10)
}

// word is what the library could name an architecture.
var word = regexp.MustCompile(`^[a-z][a-z0-9_.-]{1,23}$`)

// architectures are the names that the loader knows: of all words among the
// library's strings those that it does not call unknown. Where one is another's
// tail the linker has merged them, so tails are tried as well.
func architectures(t *testing.T, library string) []string {
	t.Helper()
	text, err := os.ReadFile(library)
	require.NoError(t, err)
	p, path := startDrawer(t), filepath.Join(t.TempDir(), "a.gguf")
	known := map[string]bool{}
	try := func(name string) {
		if _, done := known[name]; done {
			return
		}
		require.NoError(t, (&asked{name: name, keys: map[string]any{"general.architecture": name}}).write(path))
		got, err := p.run(draw{Path: path, Case: askedCase})
		if err != nil {
			p = startDrawer(t)
		}
		known[name] = err != nil || !strings.Contains(got.Error, "unknown model architecture")
	}
	for candidate := range bytes.SplitSeq(text, []byte{0}) {
		if word.Match(candidate) {
			try(string(candidate))
		}
	}
	for name := range maps.Clone(known) {
		for i := 1; known[name] && i < len(name)-1; i++ {
			if name[i] >= 'a' && name[i] <= 'z' {
				try(name[i:])
			}
		}
	}
	require.NoError(t, p.in.Close())
	require.NoError(t, p.cmd.Wait())
	var names []string
	for name, ok := range known {
		if ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
