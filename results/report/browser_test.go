package report_test

import (
	"image"
	"image/color"
	_ "image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// chromium returns the browser, or skips unless ASSAY_REQUIRE_CHROMIUM is set.
func chromium(t *testing.T) string {
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

func browse(t *testing.T, args ...string) string {
	t.Helper()
	args = append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--user-data-dir=" + t.TempDir()}, args...)
	out, err := exec.Command(chromium(t), args...).Output()
	require.NoError(t, err)
	return string(out)
}

// artefact returns the place of a file that is kept after the tests.
func artefact(t *testing.T, name string) string {
	dir, err := filepath.Abs("../../.artefacts")
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(dir, 0o755))
	return filepath.Join(dir, name)
}

func written(t *testing.T, name, page string) string {
	file := artefact(t, name)
	require.NoError(t, os.WriteFile(file, []byte(page), 0o644))
	return "file://" + file
}

// Frames as wide as phones and screens say how wide the report is in them:
// nothing may stick out sideways. The page around them does the measuring, for
// the report runs nothing.
func TestReportFitsItsScreen(t *testing.T) {
	written(t, "fit-sample.html", html(t, sample()))
	written(t, "fit-hostile.html", html(t, hostile()))
	var page strings.Builder
	var want []string
	for _, name := range []string{"sample", "hostile"} {
		for _, width := range []string{"320", "375", "1280"} {
			page.WriteString(`<iframe src="fit-` + name + `.html" style="border:0;width:` + width + `px;height:800px" onload="
				const d = this.contentDocument.documentElement;
				document.body.append('` + name + ` ' + d.scrollWidth + ' in ' + d.clientWidth + (d.querySelector('svg') ? '' : ' without pictures') + '; ')"></iframe>`)
			want = append(want, name+" "+width+" in "+width+"; ")
		}
	}
	dom := browse(t, "--allow-file-access-from-files", "--virtual-time-budget=5000", "--dump-dom", written(t, "fit.html", page.String()))
	for _, fits := range want {
		assert.Contains(t, dom, fits)
	}
}

// The browser shows the report light and dark, on a screen and on a phone; the
// pictures are kept in .artefacts.
func TestScreenshots(t *testing.T) {
	page := written(t, "report.html", html(t, sample()))
	for name, args := range map[string][]string{
		"report-desktop-light.png": {"--window-size=1280,3600"},
		"report-desktop-dark.png":  {"--window-size=1280,3600", "--blink-settings=preferredColorScheme=0"},
		"report-phone-light.png":   {"--window-size=500,4600"},
		"report-phone-dark.png":    {"--window-size=500,4600", "--blink-settings=preferredColorScheme=0"},
	} {
		t.Run(name, func(t *testing.T) {
			file := artefact(t, name)
			browse(t, append(args, "--screenshot="+file, page)...)
			f, err := os.Open(file)
			require.NoError(t, err)
			defer f.Close()
			picture, _, err := image.Decode(f)
			require.NoError(t, err)
			ground := color.GrayModel.Convert(picture.At(2, 2)).(color.Gray).Y
			assert.Equal(t, strings.Contains(name, "dark"), ground < 64, "the ground is %d", ground)
			assert.Greater(t, colours(picture), 50, "something is drawn on it")
		})
	}
}

func colours(p image.Image) int {
	seen := map[color.Color]bool{}
	for y := p.Bounds().Min.Y; y < p.Bounds().Max.Y; y += 3 {
		for x := p.Bounds().Min.X; x < p.Bounds().Max.X; x += 3 {
			seen[p.At(x, y)] = true
		}
	}
	return len(seen)
}
