package llamabench

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"assay/results"
)

// shown are the settings' columns that llama-bench prints where they vary or are not
// the default, with the heading and width that they have there; negative is to the
// left. Names and order are those of markdown_printer in llama.cpp's
// tools/llama-bench/llama-bench.cpp.
var shown = []struct {
	setting, heading string
	width            int
}{
	{"n_gpu_layers", "ngl", 3}, {"n_cpu_moe", "n_cpu_moe", 10}, {"n_threads", "threads", 7}, {"n_batch", "n_batch", 7},
	{"n_ubatch", "n_ubatch", 8}, {"type_k", "type_k", 6}, {"type_v", "type_v", 6}, {"main_gpu", "main_gpu", 10},
	{"split_mode", "sm", 6}, {"no_kv_offload", "nkvo", 10}, {"flash_attn", "fa", 3}, {"devices", "dev", -12},
	{"tensor_split", "ts", -12}, {"load_mode", "lm", 10}, {"embeddings", "embd", 10}, {"no_op_offload", "nopo", 4},
	{"no_host", "noh", 4},
}

// cell is a column of the Markdown table.
type cell struct {
	heading string
	width   int
	text    func(Row) string
}

// WriteMarkdown writes rows as llama-bench's own table, -o md.
func WriteMarkdown(w io.Writer, rows []Row) error {
	out := bufio.NewWriter(w)
	cells := markdownCells(rows)
	for _, c := range cells {
		fmt.Fprintf(out, "| %s ", padded(c.heading, c.width))
	}
	fmt.Fprintln(out, "|")
	for _, c := range cells {
		end := ":"
		if c.width < 0 {
			end = "-"
		}
		fmt.Fprintf(out, "| %s%s ", strings.Repeat("-", max(c.width, -c.width)-1), end)
	}
	fmt.Fprintln(out, "|")
	for _, row := range rows {
		for _, c := range cells {
			fmt.Fprintf(out, "| %s ", padded(strings.ReplaceAll(results.Printable(c.text(row)), "|", `\|`), c.width))
		}
		fmt.Fprintln(out, "|")
	}
	if len(rows) > 0 {
		fmt.Fprintf(out, "\nbuild: %s (%d)\n", rows[0].BuildCommit, rows[0].BuildNumber)
	}
	return out.Flush()
}

func markdownCells(rows []Row) []cell {
	cells := []cell{
		{"model", -30, func(r Row) string { return r.ModelType }},
		{"size", 10, func(r Row) string { return sized(r.ModelSize, []float64{1 << 20, 1 << 30}, "%.2f MiB", "%.2f GiB") }},
		{"params", 10, func(r Row) string { return sized(r.ModelNParams, []float64{1e6, 1e9}, "%.2f M", "%.2f B") }},
		{"backend", -10, func(r Row) string { return r.Backends }},
	}
	for _, s := range shown {
		if set, ok := results.SettingNamed(s.setting); ok && wanted(set, rows) {
			cells = append(cells, cell{s.heading, s.width, func(r Row) string { return settingText(set, r.Case) }})
		}
	}
	for _, s := range results.Settings {
		if s.LlamaBench[0] != "" && s.PerKind == nil && s.Name != "n_depth" && !isShown(s.Name) && wanted(s, rows) {
			cells = append(cells, cell{s.Name, max(10, len(s.Name)), func(r Row) string { return settingText(s, r.Case) }})
		}
	}
	return append(cells,
		cell{"test", 15, func(r Row) string { return test(r.Case) }},
		cell{"t/s", 20, func(r Row) string { return fmt.Sprintf("%.2f ± %.2f", r.AvgTS, r.StddevTS) }})
}

func isShown(setting string) bool {
	for _, s := range shown {
		if s.setting == setting {
			return true
		}
	}
	return false
}

// wanted reports whether a setting has a column: it varies, is not the default, or is
// that which every backend shows, threads on the CPU and layers on a GPU.
func wanted(s results.Setting, rows []Row) bool {
	for _, r := range rows {
		cpu := strings.Contains(r.Backends, "CPU") || strings.Contains(r.Backends, "BLAS")
		switch {
		case s.Name == "n_gpu_layers" && !cpu, s.Name == "n_threads" && cpu:
			return true
		case s.Name == "n_gpu_layers" && cpu:
			return false
		case s.Of(r.Case) != s.Of(rows[0].Case), s.Of(r.Case) != s.Of(results.Defaults()):
			return true
		}
	}
	return false
}

// test is a case as llama-bench names it.
func test(c results.Case) string {
	c.Kind = results.KindDecode
	if c.NGen == 0 {
		c.Kind = results.KindPrefill
	}
	return c.Test()
}

// sized is a number in the unit that llama-bench takes: the larger one from one of it.
func sized(n *int64, units []float64, formats ...string) string {
	if n == nil {
		return ""
	}
	at := 0
	if float64(*n) >= units[1] {
		at = 1
	}
	return fmt.Sprintf(formats[at], float64(*n)/units[at])
}

func padded(text string, width int) string {
	blank := strings.Repeat(" ", max(0, int(math.Abs(float64(width)))-utf8.RuneCountInString(text)))
	if width < 0 {
		return text + blank
	}
	return blank + text
}
