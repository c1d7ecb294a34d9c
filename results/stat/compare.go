package stat

// leastScatter is how much narrower than their own noise the cases of two runs
// may prove to scatter: the noise of a case is known to no better than that.
const leastScatter = 0.8

// Compare judges the cases of two runs, base[i] against head[i]. A case that
// could not be placed on either side is not judged.
func Compare(base, head Run, rule Rule) Family {
	n := len(base.Cases)
	shifts, vars, dfs := make([]float64, n), make([]float64, n), make([]float64, n)
	baseEffect, baseDF := designEffect(base.Cases)
	headEffect, headDF := designEffect(head.Cases)
	for i, b := range base.Cases {
		h := head.Cases[i]
		if base.Errors[i] != nil || head.Errors[i] != nil {
			continue
		}
		shifts[i] = h.Log - b.Log
		vars[i] = baseEffect*b.Var + headEffect*h.Var
		dfs[i] = b.DF + h.DF
	}
	own := append([]float64(nil), dfs...)
	vars, dfs = moderate(vars, dfs)
	for i := range dfs {
		if own[i] == 0 {
			vars[i], dfs[i] = 0, 0
			continue
		}
		dfs[i] = 1 / (1/dfs[i] + 1/(baseDF+headDF) + 1.0/tailDF)
	}
	return judge(shifts, vars, dfs, leastScatter, rule)
}
