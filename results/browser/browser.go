// Package browser lets tests look at a page in a real browser, Chromium without a
// window. It knows no page.
package browser

import (
	"fmt"
	"image"
	"image/color"
	_ "image/png" // the format of screenshots
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// find returns the browser, or skips unless ASSAY_REQUIRE_CHROMIUM is set.
func find(t testing.TB) string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("ASSAY_REQUIRE_CHROMIUM") != "" {
		t.Fatal("chromium is not installed")
	}
	t.Skip("chromium is not installed; apt-get install chromium")
	return ""
}

// Run starts the browser with arguments and returns what it prints.
func Run(t testing.TB, args ...string) string {
	t.Helper()
	args = append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--user-data-dir=" + t.TempDir()}, args...)
	out, err := exec.Command(find(t), args...).Output()
	require.NoError(t, err)
	return string(out)
}

// Artefact returns the place of a file that is kept after the tests: in .artefacts at
// the root of the module.
func Artefact(t testing.TB, name string) string {
	dir, err := filepath.Abs("../../.artefacts")
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(dir, 0o755))
	return filepath.Join(dir, name)
}

// Written keeps a page and returns its address.
func Written(t testing.TB, name, page string) string {
	file := Artefact(t, name)
	require.NoError(t, os.WriteFile(file, []byte(page), 0o644))
	return "file://" + file
}

// Frames is a page that shows others side by side at widths of phones and screens;
// they lie in .artefacts. It says at its end how wide each is within its frame, as
// "page 320 in 320; ", and whether a table hides columns, after what a page runs itself is done.
func Frames(t testing.TB, name string, pages []string, widths []int) (address string, fits []string) {
	t.Helper()
	var frames strings.Builder
	frames.WriteString(`<body style="margin:0;white-space:nowrap">`)
	for _, page := range pages {
		for _, width := range widths {
			fmt.Fprintf(&frames, `<iframe src="%[1]s" style="border:0;width:%[2]dpx;height:1000px" onload="setTimeout(() => {
				const d = this.contentDocument.documentElement;
				const hidden = [...d.querySelectorAll('.scroll')].some(s => s.scrollWidth > s.clientWidth);
				document.body.append('%[1]s ' + d.scrollWidth + ' in ' + d.clientWidth + (d.querySelector('svg, table') ? '' : ' without pictures') +
					(hidden ? ' with columns out of sight' : '') + '; ')}, 500)"></iframe>`, page, width)
			fits = append(fits, fmt.Sprintf("%s %d in %d; ", page, width, width))
		}
	}
	return Written(t, name, frames.String()), fits
}

// Fit holds the pages of Frames against their frames: nothing may stick out
// sideways or be out of sight.
func Fit(t testing.TB, name string, pages []string, widths []int) {
	t.Helper()
	address, fits := Frames(t, name, pages, widths)
	dom := Run(t, "--allow-file-access-from-files", "--virtual-time-budget=10000", "--dump-dom", address)
	says := dom[strings.LastIndex(dom, "</iframe>"):]
	for _, want := range fits {
		if !strings.Contains(says, want) {
			t.Errorf("%q is not among %s", want, says)
		}
	}
}

// Picture is a screenshot of a page at a size, light or dark, which is kept under a name.
func Picture(t testing.TB, name, page string, width, height int, dark bool) image.Image {
	t.Helper()
	file := Artefact(t, name)
	args := []string{fmt.Sprintf("--window-size=%d,%d", width, height), "--virtual-time-budget=5000", "--screenshot=" + file}
	if dark {
		args = append(args, "--blink-settings=preferredColorScheme=0")
	}
	Run(t, append(args, page)...)
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	picture, _, err := image.Decode(f)
	require.NoError(t, err)
	return picture
}

// Ground is how bright a picture's corner is, 0 to 255.
func Ground(p image.Image) uint8 { return color.GrayModel.Convert(p.At(2, 2)).(color.Gray).Y }

// Colours counts those of a picture.
func Colours(p image.Image) int {
	seen := map[color.Color]bool{}
	for y := p.Bounds().Min.Y; y < p.Bounds().Max.Y; y += 3 {
		for x := p.Bounds().Min.X; x < p.Bounds().Max.X; x += 3 {
			seen[p.At(x, y)] = true
		}
	}
	return len(seen)
}
