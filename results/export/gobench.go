package export

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"assay/results"
)

// writeGoBench writes one line a sample in the Go benchmark format
// (https://go.dev/design/14313-benchmark-format), and one for the figures of
// a case that are exact. What benchstat would split its tables by, such as the
// library's version, stands in comments only.
func writeGoBench(w io.Writer, runs []results.Run) error {
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, "Unit tok/s better=higher")
	fmt.Fprintln(out, "Unit kv-B better=lower assume=exact")
	fmt.Fprintln(out, "Unit flop/op better=lower assume=exact")
	var last string
	for _, run := range runs {
		fmt.Fprintf(out, "# run %s\n", word(run.ID))
		for _, rec := range run.Records {
			if rec.Status != results.StatusOK || rec.Measured == nil {
				continue
			}
			if head := goBenchHead(rec.Host); head != last {
				fmt.Fprint(out, head)
				last = head
			}
			goBench(out, rec)
		}
	}
	return out.Flush()
}

// goBenchHead is what go test prints of the machine, as far as it is known.
func goBenchHead(h results.Host) string {
	var b strings.Builder
	for _, line := range [][2]string{{"goos", h.OS}, {"goarch", h.Arch}, {"cpu", h.Chip}} {
		if line[1] != "" {
			fmt.Fprintf(&b, "%s: %s\n", line[0], word(line[1]))
		}
	}
	return b.String()
}

func goBench(out io.Writer, rec results.Record) {
	name, m := goBenchName(rec), rec.Measured
	for _, ns := range m.SamplesNS {
		fmt.Fprintf(out, "%s 1 %d ns/op %.6g tok/s\n", name, ns, 1e9*float64(rec.Case.Tokens())/float64(ns))
	}
	var exact string
	if m.KVBytes != nil {
		exact += fmt.Sprintf(" %d kv-B", *m.KVBytes)
	}
	if m.FLOPs != nil {
		exact += fmt.Sprintf(" %d flop/op", *m.FLOPs)
	}
	if exact != "" {
		fmt.Fprintf(out, "%s 1%s\n", name, exact)
	}
}

// goBenchName makes a benchmark's name of the words of a case's key:
// BenchmarkCase/llama.cpp/qwen3/decode/n_gen=128/case. The last element keeps
// a parameter such as n_gpu_layers=-1 from being read as "on 1 processor".
func goBenchName(rec results.Record) string {
	words := []string{"BenchmarkCase"}
	for _, w := range rec.Key().Words() {
		words = append(words, word(w))
	}
	return strings.Join(append(words, "case"), "/")
}

// word replaces what must not stand in a name by an underscore.
func word(s string) string {
	return strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("._:+-=@", c) {
			return c
		}
		return '_'
	}, s)
}
