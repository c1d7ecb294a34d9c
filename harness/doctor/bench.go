package doctor

import (
	"context"
	"errors"
	"strings"
	"time"

	"assay/harness/home"
	"assay/harness/runtime"
	"assay/harness/subject"
	"assay/harness/worker"
)

// model is a preset of which some layers are run.
type model struct {
	preset, skeleton, weights string
	layers                    int
}

// smallModel is what a runtime's own experiments run: shapes as published, so that
// products are as large as a model's.
func smallModel() model {
	return model{preset: "smollm2-135m", skeleton: runtime.SkeletonFull, weights: "f16", layers: 4}
}

// trialTimeout bounds how long an experiment may be silent: on a busy machine one that
// takes 11 s was killed at 90, as MLX's CPU compiles its kernels with g++ the first time.
const trialTimeout = 3 * time.Minute

// bench is what experiments need to start workers and to write models.
type bench struct {
	worker    worker.Spawner
	skeletons string
}

func newBench() (*bench, error) {
	dirs, err := home.Find()
	if err != nil {
		return nil, err
	}
	self, err := worker.Self()
	if err != nil {
		return nil, err
	}
	return &bench{worker: worker.Spawner{Command: self, Timeout: trialTimeout}, skeletons: dirs.Skeletons()}, nil
}

// item is the model of an experiment, written where it is not yet.
func (b *bench) item(ctx context.Context, rt runtime.Runtime, m model) (subject.Item, string, error) {
	it := subject.Item{Runtime: rt.Name(), Ref: "preset:" + m.preset, Skeleton: m.skeleton, WeightType: m.weights}
	f, err := subject.Facts(ctx, it.Ref)
	if err != nil {
		return it, "", err
	}
	it.Facts = f
	it.Facts.Layers = f.Layers[:min(m.layers, len(f.Layers))]
	if err := it.Load(ctx); err != nil {
		return it, "", err
	}
	path, err := rt.WriteSkeleton(ctx, b.skeletons, it.Run, it.Skeleton, it.WeightType)
	return it, path, err
}

func (b *bench) write(ctx context.Context, rt runtime.Runtime, m model) (string, error) {
	_, path, err := b.item(ctx, rt, m)
	return path, err
}

// opened is the library itself: that it opened says that symbols and layouts are known.
func (b *bench) opened(p worker.Probed) []experiment {
	return []experiment{{
		part: p.Name, name: "library", assumed: "every symbol is there, and the layout of its structs is known and has the effects that it " +
			"should",
		look: func(context.Context) ([]runtime.Reading, error) {
			if p.Err != nil {
				if failed := (*worker.Error)(nil); errors.As(p.Err, &failed) && failed.NoRuntime() && len(failed.Missing) == 0 {
					return nil, runtime.NotHere("%s", p.Err)
				}
				return nil, p.Err
			}
			return []runtime.Reading{
				runtime.Holds("layout", p.Runtime.Layout != "", "a known one", p.Runtime.Layout),
				runtime.Equals("symbols that are missing", 0, len(p.Missing)),
				runtime.Holds("devices", len(p.Devices) > 0, "one or more", strings.Join(p.Devices, "; ")),
				runtime.Holds("hash", len(p.Runtime.SHA256) == 64, "of the library's file", p.Runtime.SHA256),
			}, nil
		},
	}}
}

// trials are the runtime's own experiments, each in a process.
func (b *bench) trials(rt runtime.Runtime) []experiment {
	tester, ok := rt.(runtime.Tester)
	if !ok {
		return nil
	}
	var list []experiment
	for _, t := range tester.Trials() {
		list = append(list, experiment{
			part: rt.Name(), name: t.Name, assumed: t.Assumed, source: t.Source,
			look: func(ctx context.Context) ([]runtime.Reading, error) {
				path, err := b.write(ctx, rt, smallModel())
				if err != nil {
					return nil, err
				}
				out, err := b.worker.Run(ctx, worker.Request{Task: worker.Try, Runtime: rt.Name(), Path: path, Trial: t.Name}, func(worker.Message) {})
				switch {
				case err != nil:
					return nil, err
				case out.NotHere != "":
					return nil, runtime.NotHere("%s", out.NotHere)
				}
				return out.Readings, nil
			},
		})
	}
	return list
}
