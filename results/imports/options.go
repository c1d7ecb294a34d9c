package imports

import (
	"time"

	"assay/results"
)

// Options say what a foreign file leaves out.
type Options struct {
	// Model names the model of an output that does not.
	Model string
	// Version is the runtime's version, if the file has none.
	Version string
	// Host is the machine; what the file says of it wins.
	Host results.Host
	// Time is when it was measured, if the file does not say; ReadFile takes
	// the file's own time if it is zero.
	Time time.Time
}
