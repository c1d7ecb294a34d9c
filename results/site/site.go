// Package site writes a folder of pages that need nothing else: all machines, models
// and tests on one wall, the history of each case, reports of runs, and any two runs
// side by side. It judges nothing and knows no store; pictures and looks are report's.
package site

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"assay/results"
	"assay/results/figure"
	"assay/results/report"
)

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
