// Package harness measures: it expands a suite into cases, writes the skeletons
// that they run on, runs each case in a worker process of its own, and sets what
// was observed beside what was predicted. A runtime is whatever fulfils Runtime;
// one file holds the adapter of each. It prints nothing and keeps nothing but
// the run's journal and records.
package harness
