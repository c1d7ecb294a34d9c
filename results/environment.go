package results

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Environment is what a case ran in besides its key: the things that explain
// a change, or make two points incomparable.
type Environment struct {
	RuntimeVersion string `json:"runtime_version"`
	RuntimeSHA256  string `json:"runtime_sha256,omitempty"`
	Device         string `json:"device,omitempty"`
	Chip           string `json:"chip"`
	OS             string `json:"os"`
	OSVersion      string `json:"os_version,omitempty"`
	OSBuild        string `json:"os_build,omitempty"`
	Power          string `json:"power,omitempty"`
	PowerMode      string `json:"power_mode,omitempty"`
	// LowPowerMode and DisplayAsleep are "on", "off", or "" where it is not known.
	LowPowerMode  string `json:"low_power_mode,omitempty"`
	DisplayAsleep string `json:"display_asleep,omitempty"`
	Thermal       string `json:"thermal,omitempty"`
	ThermalAfter  string `json:"thermal_after,omitempty"`
	WiredLimit    string `json:"wired_limit,omitempty"`
	Background    string `json:"background,omitempty"`
	// FactsSHA256 identifies the model's architecture facts.
	FactsSHA256   string `json:"facts_sha256,omitempty"`
	ModelRevision string `json:"model_revision,omitempty"`
	// Files are the hashes of the library files by their names without a version,
	// the library itself left out.
	Files      map[string]string `json:"files,omitempty"`
	CPUVariant string            `json:"cpu_variant,omitempty"`
	Kernels    string            `json:"kernels,omitempty"`
	BLAS       string            `json:"blas,omitempty"`
	Variables  map[string]string `json:"variables,omitempty"`
	With       map[string]string `json:"with,omitempty"`
	// Unfit is set when the machine was not fit to be measured.
	Unfit bool `json:"unfit,omitempty"`
}

// Environment returns what the record's case ran in.
func (r Record) Environment() Environment {
	e := Environment{
		RuntimeVersion: r.Runtime.Version,
		RuntimeSHA256:  r.Runtime.SHA256,
		Device:         r.Runtime.Device,
		CPUVariant:     r.Runtime.CPUVariant,
		Kernels:        r.Runtime.Kernels.String(),
		BLAS:           r.Runtime.BLAS,
		Variables:      r.Runtime.Variables,
		With:           r.Runtime.With,
		Chip:           r.Host.Chip,
		OS:             r.Host.OS,
		OSVersion:      r.Host.OSVersion,
		OSBuild:        r.Host.OSBuild,
		Power:          r.Host.Power,
		PowerMode:      r.Host.PowerMode,
		LowPowerMode:   onOff(r.Host.LowPowerMode),
		DisplayAsleep:  onOff(r.Host.DisplayAsleep),
		Background:     onOff(r.Host.Background),
		Thermal:        r.Host.Thermal,
		ThermalAfter:   r.Host.ThermalAfter,
		FactsSHA256:    r.Model.FactsSHA256,
		ModelRevision:  r.Model.Revision,
		Unfit:          len(r.Host.Unfit) > 0,
	}
	if n := r.Host.GPUWiredLimitBytes; n != nil {
		e.WiredLimit = strconv.FormatInt(*n, 10)
	}
	for _, f := range r.Runtime.Files {
		if f.SHA256 == r.Runtime.SHA256 {
			continue
		}
		if e.Files == nil {
			e.Files = map[string]string{}
		}
		name := path.Base(strings.ReplaceAll(f.Path, `\`, "/"))
		e.Files[fileVersion.ReplaceAllString(name, "$1")] = f.SHA256
	}
	return e
}

// fileVersion finds what a release puts into a library's name (libggml.v0.5.0.so,
// libggml.0.0.8390.dylib, libstdc++.so.6.0.30), which would make it another file.
var fileVersion = regexp.MustCompile(`(?:\.[vb]?[0-9]+)*(\.so|\.dylib)(?:\.[0-9]+)*$`)

func onOff(b *bool) string {
	switch {
	case b == nil:
		return ""
	case *b:
		return "on"
	}
	return "off"
}

// SameHistory says whether two environments may be of one history: the other things
// of an environment explain a change; what somebody set, the power that the machine
// may take, a display that is lit and what the runtime is told by variables, makes the
// figures those of another machine. What was not recorded, as before there was a field for it,
// sets nothing apart.
func (e Environment) SameHistory(other Environment) bool {
	mode := e.PowerMode == other.PowerMode || e.PowerMode == "" || other.PowerMode == ""
	lit := e.DisplayAsleep == other.DisplayAsleep || e.DisplayAsleep == "" || other.DisplayAsleep == ""
	return mode && lit && e.Power == other.Power && e.LowPowerMode == other.LowPowerMode && maps.Equal(e.Variables, other.Variables)
}

// Change is something of an environment that is not as it was. An empty value is
// one that is not there, or was not recorded.
type Change struct {
	What, Before, After string
	// Runtime is set for what belongs to the runtime, Cause for what is known to
	// make a runtime faster or slower.
	Runtime, Cause bool
}

// property is one thing of an environment; many are the entries of one by name.
type property struct {
	what, after    string // what stands before, and after, the name of one of many
	of             func(Environment) string
	many           func(Environment) map[string]string
	runtime, cause bool
	// named says that a value which only one side has is a change, too.
	named bool
}

// properties stand in the order in which they are looked at as a cause.
var properties = []property{
	{what: "version", of: func(e Environment) string { return e.RuntimeVersion }, runtime: true, cause: true, named: true},
	{after: " version", many: func(e Environment) map[string]string { return e.With }, runtime: true, cause: true, named: true},
	{what: "library", of: func(e Environment) string { return e.RuntimeSHA256 }, runtime: true, cause: true},
	{what: "processor variant", of: func(e Environment) string { return e.CPUVariant }, runtime: true, cause: true},
	{what: "file", many: func(e Environment) map[string]string { return e.Files }, runtime: true, cause: true},
	{what: "kernels", of: func(e Environment) string { return e.Kernels }, runtime: true, cause: true},
	{what: "BLAS", of: func(e Environment) string { return e.BLAS }, runtime: true, cause: true},
	{what: "variable", many: func(e Environment) map[string]string { return e.Variables }, runtime: true, cause: true, named: true},
	{what: "device", of: func(e Environment) string { return e.Device }, runtime: true, cause: true},
	{what: "chip", of: func(e Environment) string { return e.Chip }},
	{what: "operating system", of: func(e Environment) string { return strings.TrimSpace(e.OS + " " + e.OSVersion) }, cause: true},
	{what: "system's build", of: func(e Environment) string { return e.OSBuild }, cause: true},
	{what: "power", of: func(e Environment) string { return e.Power }, cause: true},
	{what: "power mode", of: func(e Environment) string { return e.PowerMode }, cause: true},
	{what: "low power mode", of: func(e Environment) string { return e.LowPowerMode }, cause: true},
	{what: "background priority", of: func(e Environment) string { return e.Background }, cause: true},
	{what: "wired limit", of: func(e Environment) string { return e.WiredLimit }, cause: true},
	{what: "thermal state", of: func(e Environment) string { return e.Thermal }, cause: true},
	{what: "thermal state after", of: func(e Environment) string { return e.ThermalAfter }},
	{what: "display asleep", of: func(e Environment) string { return e.DisplayAsleep }, cause: true},
	{what: "model revision", of: func(e Environment) string { return e.ModelRevision }, cause: true},
	{what: "model facts", of: func(e Environment) string { return e.FactsSHA256 }, cause: true},
}

// Since lists what is not as it was, the likeliest cause first. A value that one
// side did not record is no change, but for versions and variables.
func (e Environment) Since(before Environment) []Change {
	var out []Change
	for _, p := range properties {
		was, is := p.values(before), p.values(e)
		names := slices.Concat(slices.Collect(maps.Keys(was)), slices.Collect(maps.Keys(is)))
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			c := Change{What: name, Before: was[name], After: is[name], Runtime: p.runtime, Cause: p.cause}
			known := c.Before != "" && c.After != "" || p.named || p.many != nil && len(was) > 0 && len(is) > 0
			if c.Before != c.After && known {
				out = append(out, c)
			}
		}
	}
	return out
}

// values are the property's by name.
func (p property) values(e Environment) map[string]string {
	out := map[string]string{}
	if p.of != nil {
		if v := p.of(e); v != "" {
			out[p.what] = v
		}
		return out
	}
	for name, v := range p.many(e) {
		out[strings.TrimSpace(p.what+" "+name+p.after)] = v
	}
	return out
}
