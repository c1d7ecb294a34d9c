package host

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// text answers a file's content without the spaces and zeroes around it, "" when
// it cannot be read.
func text(root fs.FS, name string) string {
	content, err := fs.ReadFile(root, name)
	if err != nil {
		return ""
	}
	return strings.Trim(string(content), " \t\n\x00")
}

// kibibytes reads lines such as "MemTotal:  24684084 kB" as bytes.
func kibibytes(content []byte) map[string]int64 {
	sizes := map[string]int64{}
	lines := bufio.NewScanner(bytes.NewReader(content))
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		number, isSize := strings.CutSuffix(strings.TrimSpace(value), " kB")
		if n, err := strconv.ParseInt(number, 10, 64); isSize && err == nil && n >= 0 && n < 1<<53 {
			sizes[name] = n << 10
		}
	}
	return sizes
}

// linuxUsage reads /proc/PID/status.
func linuxUsage(status []byte) (Usage, error) {
	sizes := kibibytes(status)
	resident, ok := sizes["RssAnon"]
	if !ok {
		return Usage{}, fmt.Errorf("no RssAnon in the process's status (a kernel thread, or a kernel before 4.5)")
	}
	usage := Usage{Bytes: resident + sizes["RssShmem"] + sizes["VmSwap"]}
	if peak, ok := sizes["VmHWM"]; ok {
		usage.PeakBytes = &peak
	}
	return usage, nil
}
