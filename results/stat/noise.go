package stat

// Noise is what moves a timing of one kind without a change, before a machine's
// own nights say better. All are of logarithms.
//
// The figures are those of 30 sessions of mlx_lm.benchmark on one M5 Max between
// May and August 2026, and fit llama-bench's and another engine's there within a
// factor of two: a session's level differs from the next by about what one sample
// does from another, so that samples of one process are worth about one.
type Noise struct {
	// Floor is the deviation between sessions of a case whose samples agree.
	Floor float64
	// Spread is how much of the deviation of the samples sessions differ by.
	Spread float64
	// Session is the scale of the shift that all cases of a kind share from one
	// session to another.
	Session float64
	// Kin is the correlation of the cases of one model.
	Kin float64
	// Sample is the deviation of a case's samples where none is known.
	Sample float64
	// Most is how many times what samples let expect two sessions may differ by:
	// those of decode agree to the third digit where sessions are 5 % apart.
	Most float64
}

// night is the variance between nights that a case's samples of one let expect.
func (n Noise) night(s Summary) float64 {
	return n.Floor*n.Floor + n.Spread*n.Spread*s.Spread/s.processes()
}

var noises = map[string]Noise{
	"prefill": {Floor: 0.007, Spread: 1.0, Session: 0.050, Kin: 0.2, Sample: 0.01, Most: 3},
	"decode":  {Floor: 0.005, Spread: 1.2, Session: 0.042, Kin: 0.5, Sample: 0.01, Most: 6},
}

// noiseOf is the noise of a kind of case; of one that is not known, prefill's.
func noiseOf(kind string) Noise {
	if n, ok := noises[kind]; ok {
		return n
	}
	return noises["prefill"]
}

// The priors of a comparison. Sessions of one process have long tails and scales
// that differ by a factor of two; where each case was measured in several
// processes the noise is closer to what the samples show.
var (
	oneProcess = prior{
		spread: 0.7, tail: [...]float64{0.35, 0.35, 0.2, 0.08, 0.02},
		tau: [...]float64{1, 1, 1, 1, 1},
	}
	processes = prior{
		spread: 0.4, most: 3, tail: [...]float64{0.002, 0.01, 0.138, 0.45, 0.4},
		tau: [...]float64{1, 1, 1, 1, 1},
	}
)

// strictness multiplies the chances of comparisons whose runs are of one process:
// simulated on the noise above they raise twice the alarms that the rule allows.
const strictness = 2

// prior is that of runs of so many processes a case.
func (n Noise) prior(rounds int) (p prior, strict float64) {
	if rounds < 2 {
		p = oneProcess
		p.most = n.Most
		return p, strictness
	}
	return processes, 0.4
}
