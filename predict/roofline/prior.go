package roofline

import (
	"maps"
	"slices"
	"strings"
)

// kinSpread is how much the costs of one family are taken to differ, as a
// standard deviation relative to their mean.
const kinSpread = 0.5

// kinship is a weak prior: costs of one family (reading q4_0 and reading q8_0)
// lie around a common mean with a spread of kinSpread, each such row weighing
// as one observation of the present scatter would. Where the cases determine a
// cost it changes nothing that shows; where only a combination is determined it
// splits that evenly instead of giving all to one and none to the other (ridge
// towards the group mean: Hoerl and Kennard, Technometrics 12(1), 1970).
func kinship(names []string, x []float64, scatter float64) [][]float64 {
	if x == nil {
		return nil
	}
	families := map[string][]int{}
	for j, n := range names {
		families[family(n)] = append(families[family(n)], j)
	}
	var rows [][]float64
	for _, name := range slices.Sorted(maps.Keys(families)) {
		members := families[name]
		var mean float64
		for _, j := range members {
			mean += x[j] / float64(len(members))
		}
		if len(members) < 2 || mean == 0 {
			continue
		}
		for _, j := range members {
			row := make([]float64, len(names))
			for _, k := range members {
				row[k] = -scatter / kinSpread / mean / float64(len(members))
			}
			row[j] += scatter / kinSpread / mean
			rows = append(rows, row)
		}
	}
	return rows
}

// family is the part of a parameter's name before the weight type.
func family(name string) string {
	at := strings.LastIndex(name, " ")
	if at < 0 || !strings.HasPrefix(name, "read ") && !strings.HasPrefix(name, "multiply ") {
		return name
	}
	return name[:at]
}
