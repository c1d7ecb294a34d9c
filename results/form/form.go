// Package form has the texts of settings that hold more than a word: where tensors lie,
// shares of devices, masks of cores. Each has one form, in which records have it, and
// what cannot be is refused with what to write. It knows no setting and no case.
package form

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

// MostDevices is as many as llama.cpp takes (LLAMA_MAX_DEVICES in src/llama.cpp,
// v0.5.0).
const MostDevices = 16

// Override says which device holds the tensors whose names match.
type Override struct{ Pattern, Device string }

// Overrides are those of a case's text, "PATTERN=DEVICE;PATTERN=DEVICE". The device
// stands behind the last equals sign.
func Overrides(text string) ([]Override, error) {
	var all []Override
	for part := range strings.SplitSeq(text, ";") {
		at := strings.LastIndexByte(part, '=')
		switch {
		case part == "":
			continue
		case at <= 0 || at == len(part)-1:
			return nil, fmt.Errorf("%q is not PATTERN=DEVICE, such as exps=CPU", part)
		}
		all = append(all, Override{Pattern: part[:at], Device: part[at+1:]})
	}
	return all, nil
}

// lookAround is what C++'s patterns have and Go's do not.
var lookAround = regexp.MustCompile(`\(\?[=!]`)

// OfOverrides refuses a pattern that is none: the library would end the process.
func OfOverrides(text string) (string, error) {
	all, err := Overrides(text)
	if err != nil {
		return "", err
	}
	var parts []string
	for _, o := range all {
		if _, err := regexp.Compile(o.Pattern); err != nil && !lookAround.MatchString(o.Pattern) {
			return "", fmt.Errorf("%q is no pattern of names: %w", o.Pattern, err)
		}
		parts = append(parts, o.Pattern+"="+o.Device)
	}
	return strings.Join(parts, ";"), nil
}

// Shares are the parts of a text "3/1", or with ; between them, as llama-bench takes
// them; nil where all are 0.
func Shares(text string) ([]float64, error) {
	var all []float64
	some := false
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '/' || r == ';' }) {
		v, err := strconv.ParseFloat(part, 32)
		if err != nil || v < 0 || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%q is no share of a device; write them as 3/1", part)
		}
		all, some = append(all, v), some || v > 0
	}
	if len(all) > MostDevices {
		return nil, fmt.Errorf("%d shares for at most %d devices", len(all), MostDevices)
	}
	if !some {
		return nil, nil
	}
	return all, nil
}

func OfShares(text string) (string, error) {
	shares, err := Shares(text)
	var parts []string
	for _, v := range shares {
		parts = append(parts, strconv.FormatFloat(v, 'g', -1, 32))
	}
	return strings.Join(parts, "/"), err
}

// NoDevices is what takes none: the CPU alone.
const NoDevices = "none"

// DeviceNames are those of a case's text; given is false where all are taken.
func DeviceNames(text string) (names []string, given bool) {
	if text == "" || text == NoDevices {
		return nil, text != ""
	}
	return strings.Split(text, "/"), true
}

func OfDevices(text string) (string, error) {
	if strings.EqualFold(text, "cpu") {
		return NoDevices, nil
	}
	names, _ := DeviceNames(text)
	seen := map[string]bool{}
	for _, name := range names {
		if name == "" || name == NoDevices || seen[name] {
			return "", errors.New(strconv.Quote(text) +
				" is no list of devices; write each once, as Vulkan0/Vulkan1, or none ('assay doctor' lists them)")
		}
		seen[name] = true
	}
	return text, nil
}

// releaseName is what a release may be called: it is the name of a folder as well.
var releaseName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// OfRelease refuses what can be no release's name.
func OfRelease(text string) (string, error) {
	if !releaseName.MatchString(text) {
		return "", fmt.Errorf("%q is no release; name one as 'assay libs install --release' does, such as b8390", text)
	}
	return text, nil
}

// mostCores is as many as ggml's masks have (GGML_MAX_N_THREADS of ggml.h, v0.5.0).
const mostCores = 512

// Cores are the numbers of those that a mask names, "0x5" being 0 and 2.
func Cores(mask string) ([]int, error) {
	n, ok := new(big.Int).SetString(strings.TrimPrefix(strings.ToLower(mask), "0x"), 16)
	if !ok || n.Sign() < 0 || n.BitLen() > mostCores {
		return nil, fmt.Errorf("%q is no mask of cores; write a hexadecimal number of at most %d bits, such as 0xff", mask, mostCores)
	}
	var cores []int
	for i := range n.BitLen() {
		if n.Bit(i) == 1 {
			cores = append(cores, i)
		}
	}
	return cores, nil
}

// OfMask is the mask in small letters without zeros in front; all cores are none.
func OfMask(text string) (string, error) {
	cores, err := Cores(text)
	if err != nil || len(cores) == 0 {
		return "", err
	}
	n := new(big.Int)
	for _, i := range cores {
		n.SetBit(n, i, 1)
	}
	return "0x" + n.Text(16), nil
}
