package runtime

// Calibration is how a machine is calibrated for a runtime.
type Calibration struct {
	// Types are the weight types that most published models come in.
	Types []string
	// Slow says that the runtime's backend on this machine is there to be correct, and a
	// hundred times slower than others: only small shapes can be measured in minutes.
	Slow bool
}
