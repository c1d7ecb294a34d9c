package machines_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/machines"
)

func TestFind(t *testing.T) {
	tests := map[string]struct {
		want   string
		others int
		err    string
	}{
		"M4 Max 36GB":                      {"M4Max-32, 36 GB", 0, ""},
		"Apple M4 Max, 128 GB":             {"M4Max-40, 128 GB", 0, ""},
		"Mac mini M4 24 GB":                {"M4-10, 24 GB", 0, ""},
		"M2 Ultra":                         {"M2Ultra-76", 1, ""},
		"m2max-30":                         {"M2Max-30", 0, ""},
		"MacBook Pro 14-inch M1 Pro 16GiB": {"M1Pro-16, 16 GB", 1, ""},
		`MacBook Pro (14", 2021) M1 Max 32-core GPU 64GB`:                             {"M1Max-32, 64 GB", 0, ""},
		"Mac Studio 2025 M3 Ultra 512GB":                                              {"M3Ultra-80, 512 GB", 0, ""},
		"MacBook Air M1 8 GB, 7 cores":                                                {"M1-7, 8 GB", 0, ""},
		"14-inch MacBook Pro, M4 Pro (14-core CPU, 20-core GPU), 48GB unified memory": {"M4Pro-20, 48 GB", 0, ""},
		"M3 Max 14-core CPU 30-core GPU 36GB":                                         {"M3Max-30, 36 GB", 0, ""},
		"M4 Pro 12 CPU cores 24GB":                                                    {"M4Pro-16, 24 GB", 0, ""},
		"M4 Max 12-core CPU 36GB":                                                     {"", 0, "no such Mac was sold"},
		"MacBook Neo 8GB":                                                             {"A18Pro-5, 8 GB", 0, ""},
		"Mac Studio 512GB":                                                            {"M3Ultra-80, 512 GB", 0, ""},
		"Mac Studio 96GB": {"", 0,
			`"Mac Studio 96GB" names no chip; say which of M2Max, M3Ultra, M5Ultra`},
		"M5 Max 128GB": {"M5Max-40, 128 GB", 0, ""},
		"M4 Max 40GB": {"M4Max-40, 40 GB", 1,
			"no such Mac was sold: with an M4Max there were MacBook Pro 14 / 16 (2024, 32 GPU cores) with 36 GB; "},
		"Mac mini M4 Max 64GB": {"M4Max-40, 64 GB", 1, "no such Mac was sold"},
		"M4 Max 36": {"", 0,
			`"M4 Max 36" has a size without a unit; write 36GB`},
		"Xserve M4": {"", 0,
			`"xserve" in it, which is no part of a Mac's name`},
		"M9 Ultra 64GB": {"", 0, `no chip "m9ultra" is known; known are M1, `},
		"M4 Max 64 cores": {"", 0,
			"no M4Max has 64 GPU cores; there are M4Max-32, M4Max-40"},
		"36GB": {"", 0, "names no chip"},
		"":     {"", 0, "names no chip"},
	}
	for words, tt := range tests {
		t.Run(words, func(t *testing.T) {
			m, err := machines.Find(words)
			if tt.err != "" {
				require.ErrorContains(t, err, tt.err)
			} else {
				require.NoError(t, err)
				assert.NotEmpty(t, m.Macs)
			}
			if tt.want != "" {
				assert.Equal(t, tt.want, m.String())
				assert.Len(t, m.Others, tt.others)
			}
		})
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{"M4 Max 36GB", "Mac mini M4 24 GB", "99999999999999999999GB m1", "M1-", "-m1max-0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, words string) {
		if m, err := machines.Find(words); err == nil {
			assert.NotEmpty(t, m.Macs, words)
		}
	})
}

// Every Mac has a chip of the list with those cores, and every size a limit.
func TestMacsAreOfKnownChips(t *testing.T) {
	sold := map[string]bool{}
	for _, mac := range machines.Macs() {
		for _, cores := range mac.GPUCores {
			_, err := machines.FindChip(mac.Chip, cores)
			assert.NoError(t, err, mac.Name)
			sold[mac.Chip] = true
		}
		for i, gib := range mac.MemoryGiB {
			assert.True(t, i == 0 || mac.MemoryGiB[i-1] < gib, "%s: sizes are sorted", mac.Name)
			_, err := machines.GPULimit(int64(gib)<<30, 0)
			assert.NoError(t, err)
		}
	}
	for _, c := range machines.Chips() {
		assert.True(t, sold[c.Name], "no Mac has an %s", c.Name)
	}
}

func TestGPULimit(t *testing.T) {
	tests := []struct {
		gib      float64
		macOS    int
		mib      int64
		readings bool
	}{
		{16, 15, 10922, true}, {16, 26, 12124, true}, {16, 0, 12124, true}, {128, 14, 98304, true}, {128, 27, 110100, true},
		{96, 26, 79626, false}, {512, 0, 440401, false}, {20, 26, 15155, false},
	}
	for _, tt := range tests {
		l, err := machines.GPULimit(int64(tt.gib*(1<<30)), tt.macOS)
		require.NoError(t, err)
		assert.InDelta(t, tt.mib, l.Bytes>>20, 1, "%v GiB, macOS %d", tt.gib, tt.macOS)
		assert.Equal(t, tt.readings, l.Readings > 0)
		assert.NotEmpty(t, l.Basis)
	}
	_, err := machines.GPULimit(4<<30, 0)
	assert.ErrorContains(t, err, "the smallest has 8 GiB")
}

// A larger machine never gives its GPU less, nor a newer system.
func TestGPULimitsRise(t *testing.T) {
	for _, macOS := range []int{15, 26} {
		var before int64
		for gib := int64(8); gib <= 512; gib++ {
			l, err := machines.GPULimit(gib<<30, macOS)
			require.NoError(t, err)
			assert.GreaterOrEqual(t, l.Bytes, before, "%d GiB, macOS %d", gib, macOS)
			older, err := machines.GPULimit(gib<<30, 15)
			require.NoError(t, err)
			assert.GreaterOrEqual(t, l.Bytes, older.Bytes)
			before = l.Bytes
		}
	}
}
