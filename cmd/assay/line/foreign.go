package line

import (
	"errors"
	"flag"
	"slices"
	"strings"
)

// Foreign is a flag of llama-bench or mlx_lm.benchmark that assay has no setting for:
// what means here what it means there is taken, anything else is answered.
type Foreign struct {
	// Names are all spellings, without dashes.
	Names []string
	// Same are the values with which the flag changes nothing: what holds anyway.
	Same []string
	// Bare says that it takes no value there.
	Bare bool
	// Says is what to do instead.
	Says string
}

// foreignFlags are those of llama-bench 0.5 to 0.7 (llama.cpp's
// tools/llama-bench/llama-bench.cpp at 0104b151) and of mlx_lm.benchmark 0.32.2
// (mlx_lm/benchmark.py) that no setting, and no flag of 'assay run', has, and what users
// of hyperfine and of Go's benchmarks would write for samples and outputs.
var foreignFlags = []Foreign{
	{Names: []string{"progress"}, Bare: true, Same: []string{"true"}},
	{Names: []string{"offline"}, Bare: true, Same: []string{"true"}}, // no weights are ever fetched
	{Names: []string{"v", "verbose"}, Bare: true, Says: "a failed case shows the library's last lines; leave it out"},
	{Names: []string{"no-warmup"}, Bare: true, Says: "a warm-up is part of every timed case, which runs in a fresh process; leave it out"},
	{Names: []string{"list-devices"}, Bare: true, Says: "write 'assay doctor', which lists them"},
	{Names: []string{"delay"}, Same: []string{"0"}, Says: "cases run in processes of their own, without a pause; leave it out"},
	{Names: []string{"numa"}, Says: "start assay itself under numactl: numactl --interleave=all assay run …"},
	{Names: []string{"fitt", "fit-target", "fitc", "fit-ctx"},
		Says: "write 'assay advise MODEL', which says what fits, and give that as -ngl and -c"},
	{Names: []string{"hff", "hf-file"}, Says: "write the file behind the repository: -m hf:ORG/NAME:QUANT"},
	{Names: []string{"hft", "hf-token"}, Says: "set HF_TOKEN in the environment, where no list of processes shows it"},
	{Names: []string{"cmoe", "cpu-moe"}, Bare: true, Says: "write -ncmoe all for the experts of all blocks"},
	{Names: []string{"rpc"}, Says: "one machine is measured; run assay on the other one"},
	{Names: []string{"repack"}, Same: []string{"1", "on"}, Says: "weights are repacked as by default; leave it out"},
	{Names: []string{"lzm", "lazy-mode"}, Same: []string{"0", "off"}, Says: "weights are loaded before the clock starts; leave it out"},
	{Names: []string{"mmp", "mmap"}, Same: []string{"1"}, Says: "write -lm none where files are not to be mapped"},
	{Names: []string{"dio", "direct-io"}, Same: []string{"0"}, Says: "write -lm none where files are not to be mapped"},
	{Names: []string{"embd", "embeddings"}, Same: []string{"0"}, Says: "generation is measured, not embeddings; leave it out"},
	{Names: []string{"prefill-step-size"}, Same: []string{"2048"},
		Says: "a prompt goes through MLX in steps of 2048, as by default; leave it out"},
	{Names: []string{"pipeline"}, Bare: true, Says: "one machine is measured; leave it out"},
	{Names: []string{"qa", "quantize-activations"}, Bare: true, Says: "activations are not quantised; leave it out"},
	{Names: []string{"warmup", "W"}, Says: "a warm-up is part of every timed case, which runs in a fresh process; leave it out"},
	{Names: []string{"runs", "min-runs", "max-runs", "count", "trials"}, Says: "write -r N, the samples of each case over all rounds"},
	{Names: []string{"parameter-list", "parameter-scan"}, Says: "give a setting's own flag a list or a range: -t 1,2 or -p 64-512*2"},
	{Names: []string{"export-json"}, Says: "write --out FILE for JSON Lines, or --json"},
	{Names: []string{"export-markdown", "export-csv"}, Says: "write -o md or -o csv, which go to standard output"},
	{Names: []string{"trust-remote-code"}, Bare: true, Says: "no code of a model is run, its config is read; leave it out"},
}

// DeclareForeign declares them all, and llama-bench's -hf, which adds to the models.
func DeclareForeign(fs *flag.FlagSet, models *List[string]) {
	for _, name := range []string{"hf", "hfr", "hf-repo"} {
		fs.Var(HubModels{To: models}, name, "`models` of a hub, as ORG/NAME[:QUANT]")
	}
	for _, f := range foreignFlags {
		for _, name := range f.Names {
			fs.Var(foreignValue{f}, name, f.Says)
		}
	}
}

// isForeign reports whether a flag is another tool's, which help does not list.
func isForeign(name string) bool {
	return slices.ContainsFunc(foreignFlags, func(f Foreign) bool { return slices.Contains(f.Names, name) })
}

type foreignValue struct{ Foreign }

func (v foreignValue) String() string { return "" }

// IsBoolFlag lets the flag stand alone where it does so there.
func (v foreignValue) IsBoolFlag() bool { return v.Bare }

// Set takes a list of values of which each changes nothing.
func (v foreignValue) Set(text string) error {
	for word := range strings.SplitSeq(text, ",") {
		if !slices.Contains(v.Same, strings.TrimSpace(word)) {
			return errors.New(v.Says)
		}
	}
	return nil
}

// HubModels takes llama-bench's -hf ORG/NAME[:QUANT] as models.
type HubModels struct{ To *List[string] }

func (h HubModels) String() string { return "" }

// Set adds the repositories.
func (h HubModels) Set(text string) error {
	for repo := range strings.SplitSeq(text, ",") {
		if err := h.To.Set("hf:" + strings.TrimPrefix(strings.TrimSpace(repo), "hf:")); err != nil {
			return err
		}
	}
	return nil
}
