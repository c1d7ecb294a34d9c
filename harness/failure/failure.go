// Package failure has the classes of errors that whoever started assay must tell
// apart: an input that cannot be used, no runtime to use, a model that does not
// fit. It does not know exit statuses; the command line maps the classes to them.
package failure

import "errors"

// InputError is an input that cannot be read, or that asks for what cannot be.
type InputError struct{ Err error }

// Input marks an error, if there is one, as one of the input.
func Input(err error) error {
	if err == nil {
		return nil
	}
	return InputError{err}
}

func (e InputError) Error() string { return e.Err.Error() }
func (e InputError) Unwrap() error { return e.Err }

// BadInput is how the command line knows the class.
func (e InputError) BadInput() bool { return true }

// NoRuntimeError is that there is nothing to run in or to keep it in.
type NoRuntimeError struct{ Err error }

// NoRuntime marks an error as one of that class.
func NoRuntime(err error) error { return NoRuntimeError{err} }

func (e NoRuntimeError) Error() string { return e.Err.Error() }
func (e NoRuntimeError) Unwrap() error { return e.Err }

// NoRuntime is how the command line knows the class.
func (e NoRuntimeError) NoRuntime() bool { return true }

// TooLargeError is a model that would not fit in memory.
type TooLargeError struct{ Err error }

// TooLarge marks an error as one of that class.
func TooLarge(err error) error { return TooLargeError{err} }

func (e TooLargeError) Error() string { return e.Err.Error() }
func (e TooLargeError) Unwrap() error { return e.Err }

// IsTooLarge reports whether the error, or one that it wraps, is of that class.
func IsTooLarge(err error) bool {
	return errors.As(err, new(TooLargeError))
}

// IsInput reports whether the error, or one that it wraps, is of the input.
func IsInput(err error) bool {
	return errors.As(err, new(InputError))
}
