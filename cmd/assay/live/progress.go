package live

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"
	"github.com/jedib0t/go-pretty/v6/text"

	"assay/cmd/assay/show"
	"assay/harness/run"
	"assay/harness/subject"
	"assay/results"
	"assay/results/figure"
)

// patience is how long something may take without a word.
const patience = 10 * time.Second

// messageWidth is that of the words beside the bar.
const messageWidth = 60

// Progress says what a run is at: on a terminal a bar that is drawn over, elsewhere a
// line for each worker that has ended, and one for each that takes long.
type Progress struct {
	lines, terminal io.Writer
	names           *names
	// differ are the settings, by case, that tell those of one test apart.
	differ map[string]string
	bar    progress.Writer
	track  *progress.Tracker

	mu      sync.Mutex
	visits  int
	done    int
	begun   time.Time
	since   time.Time // when the current worker began
	current run.Progress
	long    *time.Timer
}

// NewProgress draws on a terminal, or, where there is none, writes lines.
func NewProgress(terminal, lines io.Writer) *Progress {
	p := &Progress{lines: lines, terminal: terminal, begun: time.Now(), names: namesOf(nil)}
	if terminal == nil {
		return p
	}
	p.bar = progress.NewWriter()
	p.bar.SetOutputWriter(terminal)
	p.bar.SetUpdateFrequency(time.Second / 4)
	p.bar.SetTrackerLength(12)
	p.bar.SetMessageLength(messageWidth)
	p.bar.SetTrackerPosition(progress.PositionRight)
	style := progress.StyleDefault
	style.Visibility = progress.StyleVisibility{Percentage: true, Tracker: true}
	style.Options.PercentFormat, style.Options.Separator = "%3.0f%%", "  "
	p.bar.SetStyle(style)
	return p
}

// Planned says how much there is to do.
func (p *Progress) Planned(plan run.Planned) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.names, p.visits, p.differ = namesOf(plan.Items), plan.Visits(), map[string]string{}
	for _, items := range sweeps(plan.Items) {
		for i, apart := range results.Apart(casesOf(items)) {
			p.differ[caseKey(items[i])] = strings.Join(append([]string{""}, apart...), " ")
		}
	}
	if p.bar == nil {
		return
	}
	p.track = &progress.Tracker{Message: "beginning", Total: int64(p.visits), AutoStopDisabled: true}
	p.bar.AppendTracker(p.track)
	go p.bar.Render()
}

// Step takes a step of the run.
func (p *Progress) Step(step run.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if step.Done != p.current.Done || step.Round != p.current.Round || p.since.IsZero() {
		p.since = time.Now()
		p.remind(patience)
	}
	p.current = step
	if step.Ended {
		p.done++
	}
	switch {
	case p.track != nil:
		at, left := p.counter(min(p.done+1, p.visits))+" "+p.text(step), ""
		if p.left() > 0 {
			left = ", " + round(p.left()).String() + " left"
		}
		p.track.UpdateMessage(clipMiddle(at, messageWidth-len(left)) + left)
		p.track.SetValue(int64(min(p.done, p.visits)))
	case p.bar == nil && step.Ended:
		p.remind(0)
		fmt.Fprintln(p.lines, show.Clip(p.ended(step), widest))
	}
}

// remind says after a while what is going on, and again after six times as long.
func (p *Progress) remind(after time.Duration) {
	if p.long != nil {
		p.long.Stop()
		p.long = nil
	}
	if after == 0 || p.bar != nil {
		return
	}
	p.long = time.AfterFunc(after, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.long == nil {
			return
		}
		at := p.current
		fmt.Fprintln(p.lines, show.Clip(fmt.Sprintf("%s %s, %s so far", p.counter(p.done+1), p.text(at), round(time.Since(p.since))), widest))
		p.remind(min(6*after, time.Minute))
	})
}

func (p *Progress) counter(n int) string {
	width := len(fmt.Sprint(p.visits))
	return fmt.Sprintf("[%*d/%d]", width, n, max(n, p.visits))
}

// caseKey names an item in full.
func caseKey(it subject.Item) string { return fmt.Sprint(itemKey(it), it.Case) }

// label is "toy pp64 ub=32".
func (p *Progress) label(it subject.Item) string {
	return show.Safe(p.names.inFull(it) + " " + it.Case.Test() + p.differ[caseKey(it)])
}

// text is "toy pp64, sample 3/5".
func (p *Progress) text(step run.Progress) string {
	at := step.Phase
	switch n := len(step.SamplesNS); {
	case step.Ended:
		at = "done"
	case n > 0:
		at = fmt.Sprintf("sample %d/%d", n, step.Samples)
	}
	return p.label(step.Item) + ", " + at
}

// ended is the line of a worker that has ended.
func (p *Progress) ended(step run.Progress) string {
	line := p.counter(p.done) + " " + p.label(step.Item)
	if step.Rounds > 1 && step.Item.Timed() {
		line += fmt.Sprintf(", round %d of %d", step.Round, step.Rounds)
	}
	switch speed := results.Speed(step.SamplesNS, step.Item.Case.Tokens()); {
	case step.Failure != "":
		line += ": " + show.Safe(step.Failure)
	case speed != nil:
		line += fmt.Sprintf(": %s t/s", figure.Rate(speed.Median))
	default:
		line += ": done"
	}
	line += fmt.Sprintf(" in %s", round(time.Since(p.since)))
	if left := p.left(); left > 0 {
		line += fmt.Sprintf("; about %s left", round(left))
	}
	return line
}

// left is how long the rest takes if it takes as long as what is done.
func (p *Progress) left() time.Duration {
	if p.done == 0 {
		return 0
	}
	return time.Since(p.begun) / time.Duration(p.done) * time.Duration(max(0, p.visits-p.done))
}

func round(d time.Duration) time.Duration {
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Second)
}

// Above prints a line above the bar; false where nothing is drawn.
func (p *Progress) Above(line string) bool {
	if p.bar == nil || p.track == nil {
		return false
	}
	p.bar.Log("%s", line)
	return true
}

// Stop ends drawing and takes the bar away.
func (p *Progress) Stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remind(0)
	if p.track == nil {
		return
	}
	p.track = nil
	p.bar.Stop()
	for p.bar.IsRenderInProgress() {
		time.Sleep(10 * time.Millisecond)
	}
	fmt.Fprint(p.terminal, text.CursorUp.Sprint()+"\r"+text.EraseLine.Sprint())
}
