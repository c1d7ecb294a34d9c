package figure_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/results/figure"
)

func TestFigures(t *testing.T) {
	for _, tc := range []struct{ got, want string }{
		{figure.Bytes(0), "0 B"},
		{figure.Bytes(1023), "1023 B"},
		{figure.Bytes(1024), "1.00 KiB"},
		{figure.Bytes(-1536), "-1.50 KiB"},
		{figure.Bytes(411041792), "392.00 MiB"},
		{figure.Bytes(1 << 40), "1.00 TiB"},
		{figure.Size(0), "0 B"},
		{figure.Size(0.5), "0.5 B"},
		{figure.Size(112 << 20), "112 MiB"},
		{figure.Size(59.5 * (1 << 20)), "59.5 MiB"},
		{figure.Size(3 << 30), "3 GiB"},
		{figure.SignedSize(0), "0"},
		{figure.SignedSize(16 << 10), "+16 KiB"},
		{figure.SignedSize(-16 << 10), "-16 KiB"}, {figure.SignedCount(-1500), "-1.5 k"}, {figure.SignedCount(0), "0"},
		{figure.SignedCount(2e9), "+2 G"},
		{figure.Ops(0), "0.00"},
		{figure.Ops(999), "999.00"},
		{figure.Ops(1_520_000_000_000), "1.52 T"},
		{figure.Ops(1_520_000_000_000_000), "1.52 P"},
		{figure.Ops(2e18), "2.00 E"},
		{figure.Count(0), "0"},
		{figure.Count(0.25), "0.25"},
		{figure.Count(512), "512"},
		{figure.Count(1.5e12), "1.5 T"},
		{figure.Count(-2e3), "-2 k"},
		{figure.Rate(1234.5), "1234"},
		{figure.Rate(12.34), "12.3"},
		{figure.Rate(1.234), "1.23"},
		{figure.Speed(2398.6), "2399"},
		{figure.Speed(91.138), "91.14"},
		{figure.SampleTime(1e9, 128), "128 t/s"},
		{figure.SampleTime(1.5e9, 0), "1.5 s"},
		{figure.SampleTime(0, 1), "-"},
		{figure.Seconds(2), "2 s"},
		{figure.Seconds(0.0032), "3.2 ms"},
		{figure.Seconds(4.5e-11), "45 ps"},
		{figure.Seconds(0), "0"},
		{figure.Percent(0.081), "8.1 %"},
		{figure.Change(-0.081), "-8.1 %"},
		{figure.Off(0.0001), "+0.01 %"},
		{figure.Off(0), "+0.0 %"},
		{figure.Off(0.5), "+50.0 %"},
		{figure.Between(0.061, 0.099), "+6.1 to +9.9 %"},
		{figure.Number(117440512), "117440512"},
		{figure.Number(0.123456), "0.1235"},
	} {
		assert.Equal(t, tc.want, tc.got)
	}
}
