package show

import (
	"fmt"
	"slices"
	"strings"

	"assay/results"
	"assay/results/figure"
)

// bytesOf prints a size that may be absent.
func bytesOf(n *int64) string {
	if n == nil {
		return "-"
	}
	return figure.Bytes(*n)
}

// opsOf prints a count of operations with a unit of 1000.
func opsOf(n *int64) string {
	if n == nil {
		return "-"
	}
	return figure.Ops(*n)
}

// difference prints a residual: exact, since it should be 0.
func difference(n *int64) string {
	if n == nil {
		return "-"
	}
	return fmt.Sprintf("%d", *n)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// Safe is a name or message as one line that a terminal shows and does not obey.
func Safe(s string) string { return results.Printable(s) }

// Clip shortens a text to a width.
func Clip(s string, width int) string {
	r := []rune(s)
	if len(r) <= width {
		return s
	}
	return string(r[:width-1]) + "…"
}

// cacheType names the cache's types and behind them the settings that are not the
// defaults; a column of their own shows windows. mlx-lm's cache has the weights'
// type.
func cacheType(c results.Case) string {
	var types, more []string
	c.SWAFull = false
	for _, s := range results.Settings {
		switch name := fmt.Sprint(s.Of(c)); {
		case !s.Types && s.Differs(c):
			more = append(more, s.Title(c))
		case s.Types && name != "" && !slices.Contains(types, name):
			types = append(types, name)
		}
	}
	if len(types) == 0 && len(more) == 0 {
		return "plain"
	}
	return strings.TrimSpace(strings.Join(types, "/") + " " + strings.Join(more, ", "))
}

// swa says how windowed layers are kept, where there are any.
func swa(r results.Record) string {
	for _, l := range predicted(r).KVLayers {
		if l.Class == "sliding" || l.Class == "chunked" || r.Case.SWAFull {
			if r.Case.SWAFull {
				return "full"
			}
			return "win"
		}
	}
	return "-"
}

// predicted, measured and residual are the record's, or empty ones.
func predicted(r results.Record) results.Predicted { return OrEmpty(r.Predicted) }

func measured(r results.Record) results.Measured { return OrEmpty(r.Measured) }

func residual(r results.Record) results.Residual { return OrEmpty(r.Residual) }

// OrEmpty is what a pointer has, or an empty one.
func OrEmpty[T any](p *T) T {
	if p == nil {
		var empty T
		return empty
	}
	return *p
}
