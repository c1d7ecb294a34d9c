// Package harness measures, in rooms; it has no code of its own. One case goes
// through them like this:
//
//   - home knows where assay keeps what, libs gets the libraries, failure has the
//     classes of errors, and machine says what this machine is and whether it is
//     fit to be measured.
//   - runtime says what a runtime is. llamacpp and mlx are the two there are, each
//     alone at its library, and runtimes is the table of them.
//   - A suite is read by suite and expanded into items of subject: a model with its
//     facts, a runtime, and a settled case. calibrate designs a suite from which
//     this machine can be fitted.
//   - run takes the items in rounds. For each it has skeleton write what stands in
//     for the model, and worker run the case in a process of its own, which loads
//     the library, observes, times, and reads what came out of a fixed sequence of
//     tokens, which output has. What came back is on disk in run's journal
//     before the next worker starts.
//   - record sets what was observed beside what the runtime's adapter predicted:
//     residual, checks, verdicts on rival rules, and the time by a fit of speed.
//   - run hands the record on to its file and the store; archive finds it there
//     again, for a report.
//
// Beside that way stand model, which says what can be said of a model without
// measuring it, doctor, which says what works here, nightly, which does all of it
// every night, and bisect, which does it in one release after the other. The order
// in which rooms may import one another is held by TestRooms in cmd/assay. Tests
// that need several rooms stand here; worker/workertest makes a test binary its own
// worker.
//
// What is added often has one home each, and a test that speaks up:
//
//   - A setting is a field of Case (results/case.go) and a row (results/settings.go);
//     flags, keys, suites, help, imports and exports follow. Without the row
//     TestSettingsAreTheFieldsOfACase fails. What the setting does is up to the adapter
//     that knows it (llamacpp or mlx, and native below it): no test can know of one
//     that is passed to nobody.
//   - A family of llama.cpp is a file of predict/family/llamacpp, a model type of
//     predict/config, and a row of predict/graph/family.go; TestMatrix wants a sentence
//     for what is not known. One that runs on MLX is a file of predict/family/mlx and
//     one of native/mlx/lm/family, held by a golden that scripts/mlx-goldens writes.
//   - A release of llama.cpp is a row of libs, of native/llama (releases.go, and
//     layouts.go where a struct changed) and of predict/kv (a span where the cache
//     changed). TestReleasesAreTheSameEverywhere compares the three.
//   - A runtime is an adapter and a row of runtimes, held by TestRuntimesConform; the
//     toy beside that test is a third one, whole.
package harness
