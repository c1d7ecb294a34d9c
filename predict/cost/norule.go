package cost

import "errors"

// ErrNoRule says that what a runtime executes for a model is not known.
var ErrNoRule = errors.New("no rule says what is executed")
