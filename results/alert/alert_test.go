package alert

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results"
	"assay/results/diff"
	"assay/results/stat"
)

var update = flag.Bool("update", false, "rewrite testdata")

var night = time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC)

// moved is a diff in which one of everything moved, of models named name.
func moved(name string) diff.Diff {
	p, family, finds := 1e-9, 1e-7, 0.061
	c := func(n int) diff.Case {
		one := results.Case{Kind: results.KindDecode, NGen: 128, NDepth: n, TypeK: "q8_0", SWAFull: true}
		key := results.Record{Runtime: results.Runtime{Name: "llama.cpp"}, Model: results.Model{Name: name}, Case: one}.Key()
		return diff.Case{Key: key, Case: one, Test: "tg128", Tokens: 128, Kind: one.Kind, Runtime: "llama.cpp", Model: name, Ref: name}
	}
	slower, exact, failed, drifted := c(1), c(2), c(3), c(4)
	total := -0.074
	slower.Time = &diff.Timing{BaseNS: 1e9, HeadNS: 1.08e9, Verdict: diff.Slower, P: &p, PFamily: &family, Detectable: &finds,
		Total: &total, Change: &results.Interval{Value: -0.074, Lo: -0.09, Hi: -0.058}, By: stat.OneCase, Nights: 14, Together: 2}
	exact.Exact = []diff.Exact{{Figure: "kv_bytes", Base: "1024", Head: "2048"},
		{Figure: "kv_layers", Where: "layer 5", Base: "full", Head: name}}
	failed.Failure = &diff.Failure{Base: results.StatusOK, Head: results.StatusFailed, Error: name}
	drifted.Predictions = []diff.PredictionDrift{{Figure: "seconds", Base: 1, Head: 1.1, Fit: "f2"}}
	return diff.Diff{
		Base: diff.Side{Run: "night1"}, Head: diff.Side{Run: "night2", Time: night},
		Differs: []diff.Difference{
			{What: "llama.cpp version", Base: "b7000", Head: name, Cases: 4, Runtime: "llama.cpp", Cause: true},
			{What: "mlx version", Base: "0.31.2", Head: "0.32.0", Cases: 4, Runtime: "mlx", Cause: true},
			{What: "system's build", Base: "25A1", Cases: 4},
		},
		Groups: []diff.Group{
			{Label: stat.Label{Runtime: "mlx", Kind: "prefill"}, Scope: stat.OneKind, Verdict: diff.Faster, Change: 2.5, Usual: 0.12,
				PFamily: 1e-5, Cases: 18, Moved: []results.Key{"a", "b"}},
			{Label: stat.Label{Runtime: "mlx", Kind: "decode"}, Scope: stat.OneKind, Verdict: diff.Same, Change: -0.05, Usual: 0.12},
		},
		Cases: []diff.Case{slower, exact, failed, drifted},
	}
}

func TestFormats(t *testing.T) {
	alerts := FromDiff(moved("qwen3-0.6b"))
	require.Len(t, alerts, 5)
	assert.False(t, alerts[4].Regression, "good news comes last")
	for _, name := range Formats() {
		t.Run(name, func(t *testing.T) {
			var got strings.Builder
			require.NoError(t, Write(&got, name, alerts))
			golden := filepath.Join("testdata", "moved."+name)
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(got.String()), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), got.String())
		})
	}
}

func TestFasterIsNoRegression(t *testing.T) {
	d := moved("m")
	d.Cases[0].Time.Verdict, d.Cases[0].Time.Change = diff.Faster, &results.Interval{Value: 0.08, Lo: 0.061, Hi: 0.099}
	d.Groups, d.Cases = nil, d.Cases[:1]
	alerts := FromDiff(d)
	require.Len(t, alerts, 1)
	assert.Equal(t, Timing, alerts[0].Class)
	assert.False(t, alerts[0].Regression)
	d.Cases[0].Time.Verdict = diff.Same
	assert.Empty(t, FromDiff(d))
}

func TestManyExactChangesAreCounted(t *testing.T) {
	var changes []diff.Exact
	for i := range 12 {
		changes = append(changes, diff.Exact{Figure: "kv_layers", Where: fmt.Sprintf("layer %d", i), Base: "1", Head: "2"})
	}
	details := exact(changes).Details
	require.Len(t, details, mostDetails+1)
	assert.Equal(t, "kv_layers layer 1: 1, then 2", details[0])
	assert.Equal(t, "and 3 more", details[mostDetails])
	assert.Len(t, exact(changes[:mostDetails+1]).Details, mostDetails, "nothing more to count")
}

func TestWriteRefusesAnUnknownFormat(t *testing.T) {
	err := Write(io.Discard, "xml", nil)
	require.EqualError(t, err, `there is no format "xml" for alerts; there are github, json, junit, markdown`)
}

var hostile = []string{
	`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, "\x1b[2J\x1b]0;owned\x07", "a\n::error::owned", "a%0A::warning::x",
	"]]></failure><x>", `"><x a="`, "`rm -rf ~`", "$(touch /tmp/x)", "'; touch x; '", "../../etc/passwd", "[click](http://evil.example)",
	"@everyone", "<!channel>", "a\u202eb", "a\rb", "a\x00b", "\xff\xfe", "| a | b |", "# head", "", strings.Repeat("x", 5000),
}

func TestHostileNames(t *testing.T) {
	for _, name := range hostile {
		harmless(t, name)
	}
}

func FuzzHostileNames(f *testing.F) {
	for _, name := range hostile {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) { harmless(t, name) })
}

// harmless holds for every format, whatever a name is.
func harmless(t *testing.T, name string) {
	t.Helper()
	alerts := FromDiff(moved(name))
	out := map[string]string{}
	for _, format := range Formats() {
		var b strings.Builder
		require.NoError(t, Write(&b, format, alerts))
		out[format] = b.String()
	}
	for _, a := range alerts {
		out["text"] += Text(a)
	}
	for format, s := range out {
		for _, c := range s {
			if c != '\n' && (unicode.IsControl(c) || unicode.Is(unicode.Cf, c)) {
				t.Errorf("%s: %q holds the control character %U", format, name, c)
			}
		}
	}
	// An annotation a line, and nothing else.
	lines := strings.Split(strings.TrimSuffix(out["github"], "\n"), "\n")
	assert.Len(t, lines, len(alerts), "%q", name)
	for _, l := range lines {
		assert.Regexp(t, `^::(error|notice) title=[^:,]*::`, l)
	}
	var suite junitSuite
	require.NoError(t, xml.Unmarshal([]byte(out["junit"]), &suite), "%q", name)
	assert.Len(t, suite.Cases, len(alerts))
	assert.Equal(t, 4, suite.Failures)
	var read []Alert
	require.NoError(t, json.Unmarshal([]byte(out["json"]), &read))
	assert.NotContains(t, outsideCode(out["markdown"]), "<", "%q", name)
	assert.NotContains(t, outsideCode(out["markdown"]), "@everyone")
}

// outsideCode drops code spans and indented code, which show what they hold.
func outsideCode(md string) string {
	var kept []string
	for _, l := range strings.Split(md, "\n") {
		if !strings.HasPrefix(l, "`") && !strings.HasPrefix(l, "    ") {
			kept = append(kept, l)
		}
	}
	return strings.Join(kept, "\n")
}

func TestReproduce(t *testing.T) {
	c := moved("qwen3-0.6b").Cases[0]
	assert.Equal(t, "assay run -m qwen3-0.6b --runtime llama.cpp -n 128 -p 0 --kind decode -d 1 -ctk q8_0 --swa-full -ngl 0", Reproduce(c))
	c.Ref = "it's $(x)"
	assert.Contains(t, Reproduce(c), `-m 'it'\''s $(x)'`)
	cache := results.Case{Kind: results.KindKV, NCtx: 4096, NSeq: 1}
	c = diff.Case{Case: cache, Kind: cache.Kind, Runtime: "mlx", Ref: "preset:x", Skeleton: "kv", WeightType: "f16"}
	assert.Equal(t, "assay run -m preset:x --runtime mlx -p 0 -n 0 --kind kv --skeleton kv --weight-type f16 -np 1", Reproduce(c))
	c.Case.Kind, c.Kind, c.Skeleton = results.KindPlan, results.KindPlan, ""
	assert.Equal(t, "assay run -m preset:x --runtime mlx -p 0 -n 0 --kind plan -c 4096 -np 1", Reproduce(c), "mlx takes a context and a batch")
	both := results.Case{Kind: results.KindDecode, NPrompt: 512, NGen: 128, NGPULayers: 99, TypeK: "f16"}
	c = diff.Case{Case: both, Kind: both.Kind, Runtime: "llama.cpp", Ref: "m.gguf"}
	assert.Equal(t, "assay run -m m.gguf --runtime llama.cpp -pg 512,128 -p 0 -n 0 --kind decode -ctk f16 -ngl 99", Reproduce(c))
}

// A name that looks like a setting is none.
func TestReproduceReadsNoNames(t *testing.T) {
	c := diff.Case{Key: "llama.cpp type_k=q4_0 decode n_gen=8", Model: "type_k=q4_0 decode", Ref: "m.gguf", Runtime: "llama.cpp",
		Kind: results.KindKV, Case: results.Case{Kind: results.KindKV, NPrompt: 64, NGen: 2, NGPULayers: 99}}
	assert.Equal(t, "assay run -m m.gguf --runtime llama.cpp -p 64 -n 2 --kind kv -ngl 99", Reproduce(c))
}

// documents keeps them in memory, as JSON.
type documents map[string][]byte

func (d documents) PutDocument(_ context.Context, kind, name string, value any) (err error) {
	d[kind+name], err = json.Marshal(value)
	return err
}

func (d documents) Document(_ context.Context, kind, name string, value any) (bool, error) {
	body, ok := d[kind+name]
	if !ok {
		return false, nil
	}
	return true, json.Unmarshal(body, value)
}

func TestLife(t *testing.T) {
	docs, ctx := documents{}, context.Background()
	all := FromDiff(moved("m"))
	slower := all[0]
	require.Equal(t, Timing, slower.Class)
	yes := func(Alert) bool { return true }
	no := func(Alert) bool { return false }
	states := func(day int, judged func(Alert) bool, tonight ...Alert) []State {
		m, err := Recall(ctx, docs, "mini")
		require.NoError(t, err)
		now := night.AddDate(0, 0, day)
		for i := range tonight {
			tonight[i].Since = now
		}
		var out []State
		for _, a := range m.Update(tonight, judged, now) {
			out = append(out, a.State)
			if a.Regression {
				assert.Equal(t, night, a.Since, "since the first night")
			}
		}
		require.NoError(t, m.Keep(ctx, docs, "mini"))
		return out
	}
	assert.Equal(t, []State{New}, states(0, yes, slower))
	assert.Equal(t, []State{Ongoing}, states(1, yes, slower))
	assert.Empty(t, states(2, no), "a case that was not measured has not recovered")
	assert.Equal(t, []State{Reminded}, states(8, yes, slower))
	assert.Equal(t, []State{Ongoing}, states(9, yes, slower))
	assert.Equal(t, []State{Recovered}, states(10, yes))
	assert.Empty(t, states(11, yes), "recovery is said once")

	faster := all[4]
	require.False(t, faster.Regression)
	docs = documents{}
	assert.Equal(t, []State{New}, states(0, yes, faster))
	assert.Equal(t, []State{Ongoing}, states(20, yes, faster), "good news is said once")
	assert.Empty(t, states(21, yes), "and ends silently")
	docs = documents{}
	assert.Equal(t, []State{New}, states(0, yes, faster))
	faster.Regression = true
	m, err := Recall(ctx, docs, "mini")
	require.NoError(t, err)
	assert.Equal(t, New, m.Update([]Alert{faster}, yes, night)[0].State, "from faster to slower")
}

func TestAccept(t *testing.T) {
	m := &Memory{Open: map[string]Remembered{}}
	yes := func(Alert) bool { return true }
	alerts := m.Update(FromDiff(moved("m")), yes, night)
	since, _ := m.Suspects()
	assert.Len(t, since, 1)
	assert.Len(t, Loud(alerts), 5)
	done := m.Accept([]results.Key{alerts[0].Key}, Acceptance{Run: "night2", Who: "ada", Why: "meant", Time: night})
	require.Len(t, done, 1)
	assert.Equal(t, "ada", m.Accepted[0].Who)
	since, _ = m.Suspects()
	assert.Empty(t, since)
	m.Accept(nil, Acceptance{Who: "ada", Why: "all of it"})
	assert.Empty(t, m.Open)
	assert.Len(t, m.Accepted, 5)
}

func TestWebhook(t *testing.T) {
	for _, tt := range []struct {
		name    string
		answers []int
		want    string
		posts   int
	}{
		{"at once", []int{200}, "", 1},
		{"after two failures", []int{503, 429, 200}, "", 3},
		{"never", []int{500, 500, 500, 500}, "attempt 4): it answered 500", 4},
		{"refused", []int{404}, "attempt 1): it answered 404 Not Found", 1},
		{"sent elsewhere", []int{307}, "attempt 1): it answered 307 Temporary Redirect, and redirects are not followed", 1},
		{"sent elsewhere to be read", []int{302}, "redirects are not followed", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			posts := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var m message
				body, _ := io.ReadAll(r.Body)
				assert.NoError(t, json.Unmarshal(body, &m))
				assert.Contains(t, m.Text, "4 regressions or changes")
				assert.Len(t, m.Blocks, 5)
				assert.NotContains(t, string(body), "<!channel>")
				w.Header().Set("Location", "/stolen")
				w.WriteHeader(tt.answers[posts])
				posts++
				_, _ = io.WriteString(w, "secret \x1b[31m\n::error::x")
			}))
			defer server.Close()
			err := Webhook{URL: server.URL + "/secret", Wait: time.Millisecond}.Post(context.Background(), FromDiff(moved("<!channel>")))
			assert.Equal(t, tt.posts, posts)
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.want)
			assert.NotContains(t, err.Error(), "secret")
		})
	}
	assert.NoError(t, Webhook{URL: "http://127.0.0.1:1"}.Post(context.Background(), nil), "nothing to say")
	err := Webhook{URL: "http://127.0.0.1:1/secret", Wait: time.Millisecond}.Post(context.Background(), FromDiff(moved("m")))
	require.ErrorContains(t, err, "connection refused")
	assert.NotContains(t, err.Error(), "secret")
	for _, bad := range []string{":secret", "ftp://h/secret", "secret", "https:///secret"} {
		err := Webhook{URL: bad}.CheckURL()
		require.ErrorContains(t, err, "must begin with https://")
		assert.NotContains(t, err.Error(), "secret")
	}
}

// What a delivery did not bring is kept, once, until one does.
func TestPending(t *testing.T) {
	m := &Memory{Open: map[string]Remembered{}}
	yes := func(Alert) bool { return true }
	first := Loud(m.Update(FromDiff(moved("m")), yes, night))
	m.Enqueue(first)
	second := Loud(m.Update(nil, yes, night.AddDate(0, 0, 1)))
	m.Enqueue(second)
	assert.Len(t, m.Pending, len(first), "a recovery takes the place of what it ends")
	m.Delivered(first[:1])
	assert.Len(t, m.Pending, len(first), "of what was recovered only the recovery is pending")
	m.Delivered(second)
	m.Delivered(first)
	assert.Empty(t, m.Pending)
}

// Another value, a further step, or half of a recovery is said although the alert is open.
func TestFurtherChanges(t *testing.T) {
	m := &Memory{Open: map[string]Remembered{}}
	yes := func(Alert) bool { return true }
	say := func(day int, a Alert) State {
		a.Since = night.AddDate(0, 0, day)
		return m.Update([]Alert{a}, yes, a.Since)[0].State
	}
	bytes := Alert{ID: "exact x", Key: "x", Class: Exact, Title: "flops changed", After: "2", Regression: true}
	assert.Equal(t, New, say(0, bytes))
	assert.Equal(t, Ongoing, say(1, bytes))
	bytes.After = "3"
	assert.Equal(t, New, say(2, bytes))
	slower := Alert{ID: "timing x", Key: "x", Class: Timing, Regression: true}
	assert.Equal(t, New, say(0, slower))
	slower.step = diff.Same
	assert.Equal(t, Ongoing, say(1, slower))
	slower.step = diff.Slower
	assert.Equal(t, New, say(2, slower))
	slower.step = diff.Faster
	assert.Equal(t, PartlyRecovered, say(3, slower))
	since, level := m.Suspects()
	assert.Equal(t, night, since["x"])
	assert.Equal(t, night.AddDate(0, 0, 3), level["x"])
}

func TestFromRun(t *testing.T) {
	rec := func(name string) results.Record {
		return results.Record{RunID: "r", Time: night, Status: results.StatusOK, Model: results.Model{Name: name}}
	}
	failed, refuted := rec("f"), rec("r")
	failed.Status, failed.Error = results.StatusFailed, "aborted"
	refuted.Checks = []results.Check{{Name: "kv_bytes", Detail: "1, not 2"}, {Name: "flops", OK: true}}
	run := results.Run{ID: "r", Records: []results.Record{rec("ok"), failed, refuted}}
	alerts := FromRun(run, nil)
	require.Len(t, alerts, 2)
	assert.Equal(t, []Class{Failure, Refuted}, []Class{alerts[0].Class, alerts[1].Class})
	assert.Equal(t, []string{"kv_bytes: 1, not 2"}, alerts[1].Details)
	assert.Empty(t, FromRun(run, alerts), "what alerts already speak of")
}

// A group says nothing new of cases that are known to be slower, and is over when most
// of them are.
func TestGroupsStandOnTheirCases(t *testing.T) {
	m := &Memory{Open: map[string]Remembered{}}
	yes := func(Alert) bool { return true }
	slower := func(key results.Key) Alert {
		return Alert{ID: id(Timing, key), Class: Timing, Key: key, Regression: true, Since: night}
	}
	group := Alert{ID: "group kind mlx prefill", Class: Group, Name: "mlx prefill", Regression: true,
		Moved: []results.Key{"a", "b"}, Since: night}
	states := func(tonight ...Alert) map[string]State {
		out := map[string]State{}
		for _, a := range m.Update(tonight, yes, night) {
			out[a.ID] = a.State
		}
		return out
	}
	assert.Equal(t, map[string]State{"timing a": New, "timing b": New, group.ID: New}, states(group, slower("a"), slower("b")))
	assert.Equal(t, map[string]State{"timing a": Ongoing, "timing b": Ongoing}, states(slower("a"), slower("b")),
		"not found tonight is not over")
	assert.Equal(t, map[string]State{"timing a": Ongoing, "timing b": Recovered}, states(slower("a")), "half of it stands")
	assert.Equal(t, map[string]State{"timing a": Recovered, group.ID: Recovered}, states())
	assert.Empty(t, m.Open)

	assert.Equal(t, map[string]State{"timing a": New, "timing b": New}, states(slower("a"), slower("b")))
	assert.Equal(t, map[string]State{"timing a": Ongoing, "timing b": Ongoing, group.ID: Ongoing},
		states(group, slower("a"), slower("b")), "no news")
	m.Accept([]results.Key{"a"}, Acceptance{Who: "ada", Why: "meant"})
	assert.Contains(t, m.Open, group.ID)
	assert.Len(t, m.Accept([]results.Key{"b"}, Acceptance{Who: "ada", Why: "meant"}), 2, "its last case, and the group")
}

// A case that is faster than it was said to be, and that noise would hide by itself, is
// partly recovered; over where little is left of it.
func TestHiddenByNoise(t *testing.T) {
	d := moved("m")
	c := d.Cases[0]
	total := -0.38
	c.Time.Verdict, c.Time.Total, c.Time.Step = diff.Same, &total, &diff.Step{Change: 0.97, Verdict: diff.Faster}
	d.Groups, d.Cases = nil, []diff.Case{c}
	a := FromDiff(d)[0]
	assert.Equal(t, "38.0 % slower", a.Title)
	for stands, want := range map[bool]State{true: PartlyRecovered, false: Recovered} {
		m := &Memory{Open: map[string]Remembered{a.ID: {Alert: Alert{ID: a.ID, Class: Timing, Key: a.Key, Regression: true}}}}
		said := m.Update([]Alert{a}, func(Alert) bool { return !stands }, night)
		require.Len(t, said, 1)
		assert.Equal(t, want, said[0].State)
		assert.Equal(t, stands, len(m.Open) == 1)
	}
}

// Who knows which of two versions it was: both are named, that first which changes less.
func TestAllVersionsAreNamed(t *testing.T) {
	d := moved("m")
	d.Cases = d.Cases[:1]
	d.Differs = []diff.Difference{
		{What: "llama.cpp ggml version", Base: "0.9", Head: "0.10", Runtime: "llama.cpp", Cause: true},
		{What: "llama.cpp version", Base: "b1", Head: "b2", Runtime: "llama.cpp", Cause: true, Often: 3},
		{What: "llama.cpp BLAS", Base: "a", Head: "b", Runtime: "llama.cpp", Cause: true},
	}
	assert.Equal(t, "Regression: m tg128: 7.4 % slower (128 t/s, then 118.5 t/s); likely cause: llama.cpp ggml version, 0.9, then 0.10, "+
		"or llama.cpp version, b1, then b2 (and 3 times before)", Line(FromDiff(d)[0]))
}
