package report_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/results/browser"
)

func TestReportFitsItsScreen(t *testing.T) {
	browser.Written(t, "sample.html", html(t, sample()))
	browser.Written(t, "hostile.html", html(t, hostile()))
	browser.Fit(t, "fit.html", []string{"sample.html", "hostile.html"}, []int{320, 375, 1280})
}

// The browser shows the report light and dark, on a screen and on a phone; the
// pictures are kept in .artefacts.
func TestScreenshots(t *testing.T) {
	page := browser.Written(t, "report.html", html(t, sample()))
	for name, size := range map[string][2]int{
		"report-desktop-light.png": {1280, 3600}, "report-desktop-dark.png": {1280, 3600},
		"report-phone-light.png": {500, 4600}, "report-phone-dark.png": {500, 4600},
	} {
		t.Run(name, func(t *testing.T) {
			dark := strings.Contains(name, "dark")
			picture := browser.Picture(t, name, page, size[0], size[1], dark)
			assert.Equal(t, dark, browser.Ground(picture) < 64)
			assert.Greater(t, browser.Colours(picture), 50, "something is drawn on it")
		})
	}
}
