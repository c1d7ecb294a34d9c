package machines

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"assay/predict/table"
)

// Mac is one Mac with one chip, as it was sold.
type Mac struct {
	// Name is what its maker calls it, with the sizes of its screen that the row
	// is for: "MacBook Pro 14 / 16".
	Name string `csv:"mac" json:"name"`
	Year int    `csv:"year" json:"year"`
	Chip string `csv:"chip" json:"chip"`
	// CPUCores, GPUCores and MemoryGiB are the choices that were sold.
	CPUCores  list `csv:"cpu_cores" json:"cpu_cores"`
	GPUCores  list `csv:"gpu_cores" json:"gpu_cores"`
	MemoryGiB list `csv:"memory_gib" json:"memory_gib"`
	// Seen says how the row is known, Source where from.
	Seen   string `csv:"seen" json:"seen"`
	Source string `csv:"source" json:"source,omitempty"`
}

var macs = sync.OnceValue(func() []Mac { return table.Must[Mac](macsCSV) })

// Macs lists every Mac with Apple silicon, oldest first within a chip.
func Macs() []Mac { return slices.Clone(macs()) }

// Machine is what somebody means by "M4 Max 36GB" or "Mac mini M4 24 GB".
type Machine struct {
	// Chip is the variant; of several that fit, the one with most GPU cores, and
	// Others are the rest.
	Chip   Chip   `json:"chip"`
	Others []Chip `json:"others,omitempty"`
	// Macs are those sold that fit.
	Macs []Mac `json:"macs,omitempty"`
	// MemoryBytes is the machine's memory; absent where the words do not say.
	MemoryBytes *int64 `json:"memory_bytes,omitempty"`
}

// String names the machine: "M4Max-32, 36 GB".
func (m Machine) String() string {
	if m.MemoryBytes == nil {
		return m.Chip.ID()
	}
	return fmt.Sprintf("%s, %d GB", m.Chip.ID(), *m.MemoryBytes>>30)
}

// fanless are the Macs that have no fan.
var fanless = []string{"MacBook Air", "MacBook Neo"}

// Fanless reports whether all Macs that fit have no fan.
func (m Machine) Fanless() bool {
	return len(m.Macs) > 0 && !slices.ContainsFunc(m.Macs, func(mac Mac) bool {
		return !slices.ContainsFunc(fanless, func(name string) bool { return strings.HasPrefix(mac.Name, name) })
	})
}

// Sizes are the memory sizes in GiB that Macs with the chip were sold with,
// smallest first; nil for a chip of which no Mac is known.
func (m Machine) Sizes() []int {
	var sizes []int
	for _, mac := range Macs() {
		if mac.Chip == m.Chip.Name {
			sizes = append(sizes, mac.MemoryGiB...)
		}
	}
	slices.Sort(sizes)
	return slices.Compact(sizes)
}

// ErrNeverSold says that there is no such Mac. The machine beside it can be
// reckoned with all the same.
var ErrNeverSold = errors.New("no such Mac was sold")

var (
	memoryWords = regexp.MustCompile(`\b(\d+) *(gib|gb|g|tb)\b`)
	cpuWords    = regexp.MustCompile(`\b(\d+)[- ]*(?:cpu[- ]*cores?|cores?[- ]*cpu)\b`)
	coreWords   = regexp.MustCompile(`\b(\d+)[- ]*(?:gpu[- ]*)?cores?\b(?: *gpu\b)?`)
	chipWords   = regexp.MustCompile(`\b(?:apple *)?([am]\d+) *(pro|max|ultra)?(?:-(\d+))?\b`)
	yearWords   = regexp.MustCompile(`\b(?:early |mid |late )?(20[2-9]\d)\b`)
	fillerWords = regexp.MustCompile(`\b(?:unified|memory|ram|chip|with|and)\b`)
	plainNumber = regexp.MustCompile(`^\d+$`)
)

// Find reads the words that people name a machine by: a chip, and before or
// behind it what Mac it is in, its GPU cores (M4Max-40, 40 cores), CPU cores (14-core
// CPU), memory and year. A Mac that was sold with one chip alone needs none. An error
// that wraps ErrNeverSold comes with the machine all the same.
func Find(words string) (Machine, error) {
	q, err := parse(words)
	if err != nil {
		return Machine{}, err
	}
	fit := variants(q.chip)
	if len(fit) == 0 {
		return Machine{}, fmt.Errorf("no chip %q is known; known are %s", q.chip, chipNames())
	}
	if q.cores > 0 {
		with := slices.DeleteFunc(slices.Clone(fit), func(c Chip) bool { return c.GPUCores != q.cores })
		if len(with) == 0 {
			return Machine{}, fmt.Errorf("no %s has %d GPU cores; there are %s", fit[0].Name, q.cores, chipIDs(fit))
		}
		fit = with
	}
	return q.settle(fit)
}

// query is what the words say.
type query struct {
	chip                  string
	cores, cpu, gib, year int
	name                  []string // words of the Mac's name
}

// parse takes the words apart; what is left over is the Mac's name.
func parse(words string) (query, error) {
	var q query
	rest := strings.ToLower(words)
	take := func(pattern *regexp.Regexp) []string {
		at := pattern.FindStringSubmatchIndex(rest)
		if at == nil {
			return nil
		}
		m := pattern.FindStringSubmatch(rest)
		rest = rest[:at[0]] + " " + rest[at[1]:]
		return m
	}
	if m := take(memoryWords); m != nil {
		q.gib = number(m[1])
		if m[2] == "tb" {
			q.gib *= 1024
		}
	}
	if m := take(cpuWords); m != nil {
		q.cpu = number(m[1])
	}
	if m := take(coreWords); m != nil {
		q.cores = number(m[1])
	}
	chip := take(chipWords)
	if chip != nil {
		q.chip = chip[1] + chip[2]
		if chip[3] != "" {
			q.cores = number(chip[3])
		}
	}
	if m := take(yearWords); m != nil {
		q.year = number(m[1])
	}
	rest = fillerWords.ReplaceAllString(rest, " ")
	q.name = strings.FieldsFunc(strings.NewReplacer("-inch", "", "inch", "").Replace(rest), func(r rune) bool {
		return strings.ContainsRune(" ,;()/\"'″”-", r)
	})
	if err := q.check(words); err != nil || chip != nil {
		return q, err
	}
	return q, q.onlyChip(words)
}

// onlyChip takes the chip from the Mac's name, where one alone was sold in it.
func (q *query) onlyChip(words string) error {
	var chips []string
	for _, mac := range Macs() {
		if len(q.name) > 0 && q.sold(mac) && !slices.Contains(chips, mac.Chip) {
			chips = append(chips, mac.Chip)
		}
	}
	switch len(chips) {
	case 0:
		return fmt.Errorf("%q names no chip; write it as 'M4 Max 36GB' or 'Mac mini M4 24GB'", words)
	case 1:
		q.chip, _ = chipKey(chips[0])
		return nil
	}
	return fmt.Errorf("%q names no chip; say which of %s", words, strings.Join(chips, ", "))
}

// number is a match of digits; one too long for an int is more than any Mac has.
func number(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 1 << 20
	}
	return n
}

// check refuses words of which no Mac's name is made.
func (q query) check(words string) error {
	known := map[string]bool{}
	for _, mac := range Macs() {
		for _, w := range nameWords(mac) {
			known[w] = true
		}
	}
	for _, w := range q.name {
		switch {
		case known[w]:
		case plainNumber.MatchString(w) && q.gib == 0:
			return fmt.Errorf("%q has a size without a unit; write %sGB", words, w)
		default:
			return fmt.Errorf("%q has %q in it, which is no part of a Mac's name; write it as 'M4 Max 36GB' or 'Mac mini M4 24GB'", words, w)
		}
	}
	return nil
}

func nameWords(m Mac) []string {
	return strings.FieldsFunc(strings.ToLower(m.Name), func(r rune) bool { return r == ' ' || r == '/' })
}

// settle chooses among the variants by what was sold.
func (q query) settle(fit []Chip) (Machine, error) {
	var m Machine
	if q.gib > 0 {
		m.MemoryBytes = new(int64(q.gib) << 30)
	}
	sold := func(c Chip) []Mac {
		return slices.DeleteFunc(Macs(), func(mac Mac) bool { return !q.means(mac, c) })
	}
	var chosen []Chip
	for _, c := range fit {
		if macs := sold(c); len(macs) > 0 {
			chosen = append(chosen, c)
			m.Macs = append(m.Macs, macs...)
		}
	}
	var err error
	if len(chosen) == 0 {
		chosen, err = fit, q.neverSold(fit)
	}
	slices.SortStableFunc(chosen, func(a, b Chip) int { return b.GPUCores - a.GPUCores })
	m.Chip, m.Others = chosen[0], chosen[1:]
	return m, err
}

// means reports whether the Mac with the chip is one that the words fit.
func (q query) means(mac Mac, c Chip) bool {
	return mac.Chip == c.Name && slices.Contains(mac.GPUCores, c.GPUCores) && q.sold(mac)
}

// sold reports whether the words fit the Mac, whatever its chip.
func (q query) sold(mac Mac) bool {
	name := nameWords(mac)
	return (q.year == 0 || q.year == mac.Year) && (q.gib == 0 || slices.Contains(mac.MemoryGiB, q.gib)) &&
		(q.cpu == 0 || slices.Contains(mac.CPUCores, q.cpu)) &&
		!slices.ContainsFunc(q.name, func(w string) bool { return !slices.Contains(name, w) })
}

// neverSold says what was sold instead.
func (q query) neverSold(fit []Chip) error {
	var with []string
	for _, mac := range Macs() {
		if mac.Chip == fit[0].Name && slices.ContainsFunc(fit, func(c Chip) bool { return slices.Contains(mac.GPUCores, c.GPUCores) }) {
			with = append(with, fmt.Sprintf("%s (%d, %s GPU cores) with %s GB", mac.Name, mac.Year, mac.GPUCores, mac.MemoryGiB))
		}
	}
	if len(with) == 0 {
		return fmt.Errorf("%w: no Mac with an %s is known", ErrNeverSold, fit[0].ID())
	}
	return fmt.Errorf("%w: with an %s there were %s", ErrNeverSold, fit[0].Name, strings.Join(with, "; "))
}

// String is "8, 16 or 24".
func (l list) String() string {
	words := make([]string, len(l))
	for i, n := range l {
		words[i] = strconv.Itoa(n)
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
