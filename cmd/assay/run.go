package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/cmd/assay/line"
	"assay/cmd/assay/show"
	"assay/harness/calibrate"
	"assay/harness/run"
	"assay/harness/suite"
)

const runHelp = `
Without a suite the built-in one runs: four architectures as KV-faithful
skeletons, and one small model in its full shape for speed. With -m the flags
make the suite; they bear llama.cpp's names, and each takes a comma-separated
list or a range (128-512*2).

A model is a .gguf, a Hugging Face folder, preset:NAME, hf:ORG/NAME or
ollama:NAME. One that is only known by its facts runs as a skeleton.

examples:
  assay run
  assay run nightly.yaml --out tonight.jsonl
  assay run -m model.gguf -p 512 -n 128 -d 0,4096 -fa 0,1
  assay run -m preset:gemma-3-12b --kind kv -c 4096,32768 --swa-full=0,1
  assay run --resume
`

func runCommand() line.Command {
	return line.Command{
		Name: "run", Args: "[SUITE.yaml]",
		Does: "measures, compares with predictions, stores and prints",
		Help: runHelp,
		Setup: func(fs *flag.FlagSet) line.Action {
			o := newRunFlags(fs)
			return func(ctx context.Context, s line.Streams, args []string) error {
				if err := o.check(fs, args); err != nil {
					return err
				}
				return o.run(ctx, s, args)
			}
		},
	}
}

// runFlags are the flags of run.
type runFlags struct {
	models, kinds, types, runtimes, rules, typeK, typeV, flash *line.List[string]
	prompt, gen, depth, ctx, seq, batch, ubatch, threads, ngl  *line.List[int]
	kvBits, kvGroup, kvStart, maxKV                            *line.List[int]
	swaFull, unified                                           *line.List[bool]
	pg                                                         line.Pairs
	reps, rounds                                               int
	skeleton, out, resumeID, store                             string
	resume, force, json, noStore, calibrate, experts           bool
}

func newRunFlags(fs *flag.FlagSet) *runFlags {
	o := &runFlags{
		models: line.Words(), types: line.Words(), runtimes: line.Words(), rules: line.Words(), typeK: line.Words(), typeV: line.Words(),
		kinds:  line.OneOf(map[string]string{"kv": "kv", "prefill": "prefill", "decode": "decode", "plan": "plan"}),
		flash:  flashModes(),
		prompt: line.Numbers(), gen: line.Numbers(), depth: line.Numbers(), ctx: line.Numbers(), seq: line.Numbers(), batch: line.Numbers(),
		ubatch: line.Numbers(), threads: line.Numbers(), ngl: line.Numbers(), kvBits: line.Numbers(), kvGroup: line.Numbers(), kvStart: line.Numbers(), maxKV: line.Numbers(),
		swaFull: line.Switches(), unified: line.Switches(),
	}
	fs.Var(o.models, "m", "`models` to run instead of a suite")
	fs.Var(o.prompt, "p", "prompt `tokens` of prefill cases (default 512; 0: none)")
	fs.Var(o.gen, "n", "`tokens` to generate in decode cases (default 128; 0: none)")
	fs.Var(&o.pg, "pg", "`prompt,tokens` timed together; may be repeated")
	fs.Var(o.depth, "d", "`tokens` in the cache before the clock starts (default 0)")
	fs.Var(o.ctx, "c", "n_ctx in `tokens` (default: what the case needs)")
	fs.Var(o.seq, "np", "n_seq_max: parallel `sequences` (default 1)")
	fs.Var(o.batch, "b", "n_batch in `tokens` (default 2048)")
	fs.Var(o.ubatch, "ub", "n_ubatch in `tokens` (default 512)")
	fs.Var(o.typeK, "ctk", "`type` of the K cache (default f16)")
	fs.Var(o.typeV, "ctv", "`type` of the V cache (default: as K)")
	fs.Var(o.flash, "fa", "flash attention: `0, 1 or auto` (default auto)")
	fs.Var(o.swaFull, "swa-full", "keep the whole context for windowed layers; also =0,1 (default 0)")
	fs.Var(o.unified, "kvu", "one cache for all sequences; also =0,1 (default 0)")
	fs.Var(o.threads, "t", "`threads` (default: the cores)")
	fs.Var(o.ngl, "ngl", "`layers` on the GPU (default 99)")
	fs.Var(o.kvBits, "kv-bits", "`bits` of mlx-lm's quantised cache (default: not quantised)")
	fs.Var(o.kvGroup, "kv-group-size", "group `size` of mlx-lm's quantised cache (default 64)")
	fs.Var(o.kvStart, "quantized-kv-start", "`tokens` after which mlx-lm quantises its cache (default 0)")
	fs.Var(o.maxKV, "max-kv-size", "`tokens` that mlx-lm's cache keeps, on models without caches of their own (default: all)")
	fs.Var(o.runtimes, "runtime", "`runtimes` to use (default: every one that is found)")
	fs.Var(o.kinds, "kind", "`kinds` of case: kv, prefill, decode, plan (default prefill,decode)")
	fs.Var(o.types, "weight-type", "`types` of a skeleton's weights (default f16)")
	fs.Var(o.rules, "rules", "rule `sets` to judge beside the exact one; 'none' for none (default all)")
	fs.StringVar(&o.skeleton, "skeleton", "", "`kind` of skeleton: kv or full (default: by the kind of case)")
	fs.IntVar(&o.reps, "r", 10, "`samples` of a timed case, over all rounds")
	fs.IntVar(&o.rounds, "rounds", 2, "rounds over all timed cases, each in fresh processes")
	fs.StringVar(&o.out, "out", "", "also write the records to this `file`, anew, as JSON Lines; - is standard output")
	fs.StringVar(&o.store, "store", "", "`file` or postgres:// DSN of the store (default: in assay's data folder)")
	fs.BoolVar(&o.noStore, "no-store", false, "write no store")
	fs.BoolVar(&o.resume, "resume", false, "go on with the newest interrupted run")
	fs.StringVar(&o.resumeID, "resume-run", "", "go on with the interrupted run of this `id`")
	fs.BoolVar(&o.calibrate, "calibrate", false, "measure what 'assay fit' needs: cases chosen for this machine, within five minutes")
	fs.BoolVar(&o.experts, "experts", false, "with --calibrate: mixtures of experts, too")
	fs.BoolVar(&o.force, "force", false, "run models that would not fit in memory")
	fs.BoolVar(&o.json, "json", false, "print the records as JSON instead of tables")
	return o
}

// suiteFlags go with every suite; the others make the cases of -m.
var suiteFlags = []string{
	"m", "runtime", "rules", "out", "store", "no-store", "resume", "resume-run", "calibrate", "experts", "force", "json",
}

// caseFlag names a flag that was given and makes cases, or is empty.
func caseFlag(fs *flag.FlagSet) (name string) {
	fs.Visit(func(f *flag.Flag) {
		if !slices.Contains(suiteFlags, f.Name) {
			name = f.Name
		}
	})
	return name
}

// check refuses combinations that mean nothing, before any work starts.
func (o *runFlags) check(fs *flag.FlagSet, args []string) error {
	switch stray := caseFlag(fs); {
	case stray != "" && len(o.models.Values) == 0 && !o.calibrate:
		return line.Usagef("-%s shapes the cases of -m MODEL; a suite states its own", stray)
	case len(args) > 1:
		return line.Usagef("one suite at a time, not %q", args)
	case len(args) == 1 && strings.Trim(args[0], "01,") == "":
		return line.Usagef("%q stands alone; lists of switches are written --swa-full=%s or -kvu=%s", args[0], args[0], args[0])
	case o.calibrate && (len(args) == 1 || len(o.models.Values) > 0 || o.resume || o.resumeID != ""):
		return line.Usagef("--calibrate chooses the cases itself; leave out the suite, -m and --resume")
	case o.experts && !o.calibrate:
		return line.Usagef("--experts belongs to --calibrate")
	case len(args) == 1 && line.IsModel(args[0]):
		return line.Usagef("%s is a model and no suite; write -m %s", args[0], args[0])
	case len(args) == 1 && len(o.models.Values) > 0:
		return line.Usagef("a suite (%s) and -m cannot go together", args[0])
	case (o.resume || o.resumeID != "") && (len(args) == 1 || len(o.models.Values) > 0):
		return line.Usagef("--resume goes on with the suite it began with; leave out the suite and -m")
	case o.reps < 1 || o.rounds < 1:
		return line.Usagef("-r %d and --rounds %d must be at least 1", o.reps, o.rounds)
	case o.json && o.out == "-":
		return line.Usagef("--json and --out - both write to standard output; choose one")
	}
	return nil
}

// suite is the suite that the flags make, the named one, or the built-in one.
func (o *runFlags) suite(ctx context.Context, s line.Streams, args []string) (suite.Suite, error) {
	if o.calibrate {
		return o.calibration(ctx, s)
	}
	if len(args) == 1 {
		return suite.Read(args[0])
	}
	if len(o.models.Values) == 0 {
		return suite.Builtin()
	}
	kinds := o.kinds.Values
	if len(kinds) == 0 {
		kinds = []string{"prefill", "decode"}
	}
	return suite.AdHoc(o.group(), kinds, o.reps, o.rounds)
}

// calibration designs the cases that a fit of this machine needs.
func (o *runFlags) calibration(ctx context.Context, s line.Streams) (suite.Suite, error) {
	opt := calibrate.Options{WeightTypes: o.types.Values, GPULayers: 99, Experts: o.experts}
	if len(o.runtimes.Values) > 0 {
		opt.Runtime = o.runtimes.Values[0]
	}
	if len(o.threads.Values) > 0 {
		opt.Threads = o.threads.Values[0]
	}
	if len(o.ngl.Values) > 0 {
		opt.GPULayers = o.ngl.Values[0]
	}
	suite, plan, err := calibrate.Suite(ctx, opt)
	if err == nil {
		fmt.Fprintf(s.Err, "calibration: %d cases, about %v\n", len(plan.Chosen), plan.Expected.Round(time.Second))
	}
	return suite, err
}

func anys[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}

func (o *runFlags) group() suite.CaseGroup {
	return suite.CaseGroup{
		Models: o.models.Values, Runtimes: o.runtimes.Values, Skeleton: o.skeleton, WeightTypes: o.types.Values,
		PG: o.pg.Values,
		Settings: suite.Lists{
			"n_ctx": anys(o.ctx.Values), "n_prompt": anys(o.prompt.Values), "n_gen": anys(o.gen.Values), "n_depth": anys(o.depth.Values),
			"n_batch": anys(o.batch.Values), "n_ubatch": anys(o.ubatch.Values), "n_seq": anys(o.seq.Values),
			"type_k": anys(o.typeK.Values), "type_v": anys(o.typeV.Values), "flash_attn": anys(o.flash.Values),
			"swa_full": anys(o.swaFull.Values), "kv_unified": anys(o.unified.Values),
			"n_gpu_layers": anys(o.ngl.Values), "n_threads": anys(o.threads.Values),
			"kv_bits": anys(o.kvBits.Values), "kv_group_size": anys(o.kvGroup.Values),
			"quantized_kv_start": anys(o.kvStart.Values), "max_kv_size": anys(o.maxKV.Values),
		},
	}
}

func (o *runFlags) run(ctx context.Context, s line.Streams, args []string) error {
	suite, err := o.suite(ctx, s, args)
	if err != nil {
		return err
	}
	p := &show.Run{Out: s.Out, Err: s.Err, Draw: s.Drawing(), JSON: o.json}
	opt := run.Options{
		Runtimes: o.runtimes.Values, Rules: o.rules.Values, Force: o.force,
		Out: o.out, Stdout: s.Out, Store: o.store, NoStore: o.noStore,
		Progress: p.Progress, Record: p.Record,
	}
	id, resume := o.resumeID, o.resume || o.resumeID != ""
	if resume {
		if opt, id, err = run.Continue(opt, id); err != nil {
			return err
		}
	}
	bench, err := run.New(ctx, opt)
	if err != nil {
		return err
	}
	p.Found(bench)
	if resume {
		err = bench.Resume(ctx, id)
	} else {
		err = bench.Run(ctx, suite)
	}
	printErr := p.Finish(bench)
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%w; 'assay run --resume' goes on with run %s", err, bench.RunID)
	}
	if err = errors.Join(err, printErr); err != nil {
		return err
	}
	return line.Verdict(p.Taken)
}
