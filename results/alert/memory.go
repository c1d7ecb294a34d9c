package alert

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/results"
	"assay/results/diff"
)

// The states of an alert.
const (
	New       State = "new"       // tonight for the first time
	Ongoing   State = "ongoing"   // known, and not yet time to be reminded of
	Reminded  State = "reminded"  // known, and said again
	Recovered State = "recovered" // no longer there
	// PartlyRecovered is better than when it was last said, and still there.
	PartlyRecovered State = "partly recovered"
)

// RemindEvery is how long a known alert rests before it is said again.
const RemindEvery = 7 * 24 * time.Hour

// Documents is where the memory lives; results/store implements it.
type Documents interface {
	PutDocument(ctx context.Context, kind, name string, value any) error
	Document(ctx context.Context, kind, name string, value any) (bool, error)
}

// documentKind is the kind of document that a memory is stored as.
const documentKind = "alerts"

// Memory is what was said about one machine.
type Memory struct {
	// Open are what moved and is neither over nor accepted, by ID.
	Open map[string]Remembered `json:"open"`
	// Accepted are those that were declared to be meant, oldest first.
	Accepted []Acceptance `json:"accepted"`
	// Pending are to be delivered, oldest first: what a delivery did not bring is
	// sent again.
	Pending []Alert `json:"pending,omitempty"`
}

// Remembered is an open alert, when it was last said, and since when it stands at
// its level.
type Remembered struct {
	Alert    Alert     `json:"alert"`
	Since    time.Time `json:"since"`
	Level    time.Time `json:"level"`
	LastSaid time.Time `json:"last_said"`
}

// Acceptance is a known change: who said so, when and why.
type Acceptance struct {
	ID   string    `json:"id"`
	Run  string    `json:"run"`
	Who  string    `json:"who"`
	Why  string    `json:"why"`
	Time time.Time `json:"time"`
}

// Recall reads a machine's memory; an unknown machine has an empty one.
func Recall(ctx context.Context, docs Documents, machine string) (*Memory, error) {
	m := &Memory{}
	if _, err := docs.Document(ctx, documentKind, machine, m); err != nil {
		return nil, fmt.Errorf("read what was alerted about %s: %w", machine, err)
	}
	if m.Open == nil {
		m.Open = map[string]Remembered{}
	}
	return m, nil
}

// Keep stores a machine's memory.
func (m *Memory) Keep(ctx context.Context, docs Documents, machine string) error {
	if err := docs.PutDocument(ctx, documentKind, machine, m); err != nil {
		return fmt.Errorf("remember what was alerted about %s: %w", machine, err)
	}
	return nil
}

// Update takes tonight's alerts and returns all with their states: tonight's,
// each since when it is known, and those that are over. judged says whether what an
// alert is about was judged tonight: what was not measured has not recovered. Good
// news is said once and ends silently, when it has become what is usual.
func (m *Memory) Update(tonight []Alert, judged func(Alert) bool, now time.Time) []Alert {
	out := []Alert{}
	seen := map[string]bool{}
	for _, a := range tonight {
		if a.hidden && judged(m.Open[a.ID].Alert) {
			continue
		}
		seen[a.ID] = true
		out = append(out, m.remember(a, now))
	}
	m.stale(out)
	for _, id := range casesFirst(m.Open) {
		old := m.Open[id]
		if seen[id] || !judged(old.Alert) || m.stands(old.Alert) {
			continue
		}
		delete(m.Open, id)
		if recovered := old.Alert; recovered.Regression {
			recovered.State, recovered.Since, recovered.Regression = Recovered, old.Since, false
			out = append(out, recovered)
		}
	}
	return out
}

// stale makes new groups ongoing of which every case is known to be slower already:
// they say the same again in other words.
func (m *Memory) stale(tonight []Alert) {
	news := map[results.Key]bool{}
	for _, a := range tonight {
		news[a.Key] = news[a.Key] || a.Class == Timing && a.State == New
	}
	for i := range tonight {
		a := &tonight[i]
		if a.Class != Group || !a.Regression || a.State != New || len(a.Moved) == 0 {
			continue
		}
		if !slices.ContainsFunc(a.Moved, func(key results.Key) bool { return news[key] || !m.slower(key) }) {
			a.State = Ongoing
		}
	}
}

// slower says whether a case has an open alert for being so.
func (m *Memory) slower(key results.Key) bool {
	old, open := m.Open[id(Timing, key)]
	return open && old.Alert.Regression
}

// stands says whether half of a group's cases or more are as slow as they were said
// to be: it has not recovered because tonight's noise hides what they share.
func (m *Memory) stands(a Alert) bool {
	slower := 0
	for _, key := range a.Moved {
		if m.slower(key) {
			slower++
		}
	}
	return a.Class == Group && slower > 0 && 2*slower >= len(a.Moved)
}

func (m *Memory) remember(a Alert, now time.Time) Alert {
	old, known := m.Open[a.ID]
	switch {
	case !known || old.Alert.Regression != a.Regression:
		a.State, old = New, Remembered{Since: a.Since, Level: a.Since, LastSaid: now}
	case a.Class == Exact && a.value() != old.Alert.value(), a.Regression && a.step == diff.Slower:
		a.State, old.Level, old.LastSaid = New, a.Since, now // another value, or slower again
	case a.Regression && a.step == diff.Faster:
		a.State, old.Level, old.LastSaid = PartlyRecovered, a.Since, now
	case a.Regression && now.Sub(old.LastSaid) >= RemindEvery:
		a.State, old.LastSaid = Reminded, now
	default:
		a.State = Ongoing
	}
	a.Since = old.Since
	old.Alert = a
	m.Open[a.ID] = old
	return a
}

// value is what a figure without noise is now.
func (a Alert) value() string {
	return strings.Join(append([]string{a.Title, a.After}, a.Details...), "\n")
}

// Enqueue keeps alerts until they are delivered; a newer one about the same thing
// takes the older's place.
func (m *Memory) Enqueue(alerts []Alert) {
	for _, a := range alerts {
		m.Pending = slices.DeleteFunc(m.Pending, func(old Alert) bool { return old.ID == a.ID })
		m.Pending = append(m.Pending, a)
	}
}

// Delivered forgets alerts that were delivered.
func (m *Memory) Delivered(alerts []Alert) {
	m.Pending = slices.DeleteFunc(m.Pending, func(p Alert) bool {
		return slices.ContainsFunc(alerts, func(a Alert) bool { return a.ID == p.ID && a.State == p.State && a.Run == p.Run })
	})
}

// Accept declares open alerts of the given cases to be meant; no keys means all
// of them. It returns what was accepted.
func (m *Memory) Accept(keys []results.Key, by Acceptance) []Acceptance {
	var done []Acceptance
	for _, id := range sortedIDs(m.Open) {
		if key := m.Open[id].Alert.Key; len(keys) > 0 && !slices.Contains(keys, key) {
			continue
		}
		by.ID = id
		done = append(done, by)
		delete(m.Open, id)
	}
	for _, id := range sortedIDs(m.Open) { // groups of which no case is left
		if a := m.Open[id].Alert; len(keys) > 0 && m.acceptable(a, keys) {
			by.ID = id
			done = append(done, by)
			delete(m.Open, id)
		}
	}
	m.Accepted = append(m.Accepted, done...)
	return done
}

// acceptable says whether a group is of accepted cases and of others that stand.
func (m *Memory) acceptable(a Alert, keys []results.Key) bool {
	return a.Class == Group && slices.ContainsFunc(a.Moved, func(key results.Key) bool { return slices.Contains(keys, key) }) &&
		!slices.ContainsFunc(a.Moved, m.slower)
}

// Suspects is since when each case has an open alert about its timing, and since
// when that stands at its level; a window of accepted nights leaves these nights out.
func (m *Memory) Suspects() (since, level map[results.Key]time.Time) {
	since, level = map[results.Key]time.Time{}, map[results.Key]time.Time{}
	for _, r := range m.Open {
		if r.Alert.Regression && r.Alert.Class == Timing {
			since[r.Alert.Key], level[r.Alert.Key] = r.Since, r.Level
			if r.Level.IsZero() {
				level[r.Alert.Key] = r.Since
			}
		}
	}
	return since, level
}

// Loud are the alerts to be announced: all but those that are merely going on.
func Loud(alerts []Alert) []Alert {
	out := []Alert{}
	for _, a := range alerts {
		if a.State != Ongoing {
			out = append(out, a)
		}
	}
	return out
}

// casesFirst are the IDs of open alerts, those of groups, which stand on cases, last.
func casesFirst(open map[string]Remembered) []string {
	group := func(id string) bool { return open[id].Alert.Class == Group }
	ids := sortedIDs(open)
	return append(slices.DeleteFunc(slices.Clone(ids), group), slices.DeleteFunc(ids, func(id string) bool { return !group(id) })...)
}

func sortedIDs(open map[string]Remembered) []string {
	ids := make([]string, 0, len(open))
	for id := range open {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
