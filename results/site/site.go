// Package site writes a folder of pages that need nothing else: all machines, models
// and tests on one wall, the history of each case, reports of runs, and any two runs
// side by side. It judges nothing and knows no store; pictures and looks are report's.
package site

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"assay/results"
	"assay/results/figure"
	"assay/results/report"
	"assay/results/trend"
)

// Input is what a site shows.
type Input struct {
	Made     time.Time
	Machines []Machine
}

// Machine is what was measured on one machine.
type Machine struct {
	Name string
	// Runs are those with records, oldest first.
	Runs []Run
	// Trend has the changes of the cases, Cases the rest of them, in the same order.
	Trend trend.Trend
	Cases []Case
}

// Run is one run of a machine.
type Run struct {
	ID                string
	Time              time.Time
	Tags              []string
	OK, Failed, Unfit int
	// Report gathers what the run's own page shows; nil for a run that has none.
	Report func() (report.Input, error)
}

// Case is one case of a machine.
type Case struct {
	// Record is the newest of the case, or what stands for it: runtime, model and
	// settings.
	Record  results.Record
	History report.History
	// KVBytes and FLOPs are where those became what they are.
	KVBytes, FLOPs []Step
}

// Step is a figure without noise from a point of a history on, until the next.
type Step struct {
	At int
	Is int64
}

// Steps adds a figure of a point to those before it, if it is another than the last.
func Steps(before []Step, at int, is *int64) []Step {
	if is == nil || len(before) > 0 && before[len(before)-1].Is == *is {
		return before
	}
	return append(before, Step{at, *is})
}

// at is the figure of a point.
func at(steps []Step, point int) (is int64, ok bool) {
	for _, s := range slices.Backward(steps) {
		if s.At <= point {
			return s.Is, true
		}
	}
	return 0, false
}

//go:embed pages.html
var pagesHTML string

//go:embed site.css
var siteCSS string

//go:embed wall.js
var wallJS string

//go:embed compare.js
var compareJS string

var pages = template.Must(template.New("site").Funcs(template.FuncMap{
	"p":       results.Printable,
	"style":   func() template.CSS { return report.Style() + template.CSS(siteCSS) },
	"wall":    func() template.JS { return template.JS(wallJS) },
	"cmp":     func() template.JS { return template.JS(compareJS) },
	"day":     day,
	"several": figure.Several,
}).Parse(pagesHTML))

func day(t time.Time) string { return t.Format(time.DateOnly) }

// marker is the file by which a folder is known as a site; what it holds is replaced.
const marker = "assay-site"

// ForeignError says that a folder holds something else than a site.
type ForeignError struct{ Dir string }

func (e *ForeignError) Error() string {
	return fmt.Sprintf("%s holds files that are no site of assay's; name an empty folder, or one that is not there", e.Dir)
}

// BadInput says that another folder is needed.
func (e *ForeignError) BadInput() bool { return true }

// writer writes the pages of one site.
type writer struct {
	dir string
	in  Input
}

// Write writes the site into a folder, which is made if need be. The pages of a site
// that was there before are replaced; a folder with anything else is refused.
func Write(dir string, in Input) error {
	if err := begin(dir); err != nil {
		return err
	}
	w := writer{dir, in}
	for _, m := range in.Machines {
		if err := w.machine(m); err != nil {
			return fmt.Errorf("write site: %w", err)
		}
	}
	if err := errors.Join(w.page("compare.html", "compare", newCompare(in)), w.page("index.html", "index", newWall(in))); err != nil {
		return fmt.Errorf("write site: %w", err)
	}
	return nil
}

// begin makes the folder ready: empty but for the marker.
func begin(dir string) error {
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, marker)); err != nil && len(files) > 0 {
		return &ForeignError{dir}
	}
	for _, sub := range []string{"case", "run", "data"} {
		if err := errors.Join(os.RemoveAll(filepath.Join(dir, sub)), os.MkdirAll(filepath.Join(dir, sub), 0o755)); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, marker), []byte("A site of assay's: 'assay site' replaces what is in this folder.\n"), 0o644)
}

func (w writer) machine(m Machine) error {
	newest := m.newest()
	for i := range m.Cases {
		if err := w.page(casePage(m, i), "case", newCasePage(m, i, newest)); err != nil {
			return err
		}
	}
	for _, r := range m.Runs {
		if r.Report == nil {
			continue
		}
		in, err := r.Report()
		if err != nil {
			return err
		}
		if err := w.write(runPage(r), func(out io.Writer) error { return report.HTML(out, in) }); err != nil {
			return err
		}
	}
	return w.write(dataFile(m), func(out io.Writer) error { return writeData(out, m) })
}

func (w writer) page(name, of string, data any) error {
	return w.write(name, func(out io.Writer) error { return pages.ExecuteTemplate(out, of, data) })
}

func (w writer) write(name string, f func(io.Writer) error) error {
	var text bytes.Buffer
	if err := f(&text); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return os.WriteFile(filepath.Join(w.dir, filepath.FromSlash(name)), text.Bytes(), 0o644)
}

// short is a name of a file for any text: the same for ever.
func short(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}

func casePage(m Machine, i int) string {
	return "case/" + short(m.Name+"\x00"+string(m.Cases[i].History.Key)) + ".html"
}

func runPage(r Run) string { return "run/" + short(r.ID) + ".html" }

func dataFile(m Machine) string { return "data/" + short(m.Name) + ".js" }

// newest is the id of the machine's newest run, "" if it has none.
func (m Machine) newest() string {
	if len(m.Runs) == 0 {
		return ""
	}
	return m.Runs[len(m.Runs)-1].ID
}
