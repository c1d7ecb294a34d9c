package results

import "time"

// Series is the history of one case on one machine, oldest run first.
type Series struct {
	Key     Key
	Machine string
	// Case is what Key stands for.
	Case   Case
	Points []Point
}

// Point is what one run measured of a case that succeeded.
type Point struct {
	RunID string
	Time  time.Time
	// Env is shared by all points that were measured in the same one.
	Env *Environment
	// SamplesNS are the durations of one sample each, Rounds their rounds;
	// nil for a case that is not timed.
	SamplesNS []int64
	Rounds    []int
	KVBytes   *int64
	FLOPs     *int64
	// Predicted is the predicted duration of a sample in seconds, if there was one.
	Predicted *float64
}

// Environment is what a case ran in besides its key: the things that explain
// a change, or make two points incomparable.
type Environment struct {
	RuntimeVersion string `json:"runtime_version"`
	RuntimeSHA256  string `json:"runtime_sha256,omitempty"`
	Device         string `json:"device,omitempty"`
	Chip           string `json:"chip"`
	OS             string `json:"os"`
	OSVersion      string `json:"os_version,omitempty"`
	Power          string `json:"power,omitempty"`
	// LowPowerMode is "on", "off", or "" where it is not known.
	LowPowerMode string `json:"low_power_mode,omitempty"`
	Thermal      string `json:"thermal,omitempty"`
	ThermalAfter string `json:"thermal_after,omitempty"`
	// FactsSHA256 identifies the model's architecture facts.
	FactsSHA256 string `json:"facts_sha256,omitempty"`
	// Unfit is set when the machine was not fit to be measured.
	Unfit bool `json:"unfit,omitempty"`
}

// Environment returns what the record's case ran in.
func (r Record) Environment() Environment {
	return Environment{
		RuntimeVersion: r.Runtime.Version,
		RuntimeSHA256:  r.Runtime.SHA256,
		Device:         r.Runtime.Device,
		Chip:           r.Host.Chip,
		OS:             r.Host.OS,
		OSVersion:      r.Host.OSVersion,
		Power:          r.Host.Power,
		LowPowerMode:   onOff(r.Host.LowPowerMode),
		Thermal:        r.Host.Thermal,
		ThermalAfter:   r.Host.ThermalAfter,
		FactsSHA256:    r.Model.FactsSHA256,
		Unfit:          len(r.Host.Unfit) > 0,
	}
}

func onOff(b *bool) string {
	switch {
	case b == nil:
		return ""
	case *b:
		return "on"
	}
	return "off"
}
