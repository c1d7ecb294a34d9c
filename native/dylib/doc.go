// Package dylib finds a native shared library, opens it and looks its symbols
// up: search order, versioned file names, one error for everything that is
// missing. It must not know what any library does; the packages beside it do.
package dylib
