package libs

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
)

// npmPack downloads the package of a release into folder, where npm puts its
// archive, and returns the archive's path.
func npmPack(ctx context.Context, r Release, platform, folder string) (string, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", errors.New("npm is not installed, and its packages hold the libraries for Linux; install Node.js with npm and try again")
	}
	name := "@node-llama-cpp/" + platform + "@" + r.Package
	// One retry instead of npm's two at growing pauses: somebody is waiting.
	pack := command(ctx, folder, npm, "pack", "--loglevel=error", "--prefer-offline", "--fetch-retries=1",
		"--fetch-retry-mintimeout=1000", name)
	if said, err := runQuietly(pack); err != nil {
		return "", npmError(name, said, err)
	}
	file, err := onlyFile(folder)
	if err != nil {
		return "", fmt.Errorf("npm pack %s: %w", name, err)
	}
	return file, nil
}

// npmCode and npmPath find the code and the path of an error in what npm
// prints, before and since npm 9.
var (
	npmCode = regexp.MustCompile(`(?m)^npm (?:ERR!|error) code (\S+)`)
	npmPath = regexp.MustCompile(`(?m)^npm (?:ERR!|error) path (.+)$`)
)

// npmError makes one sentence of npm's output.
func npmError(name, output string, err error) error {
	switch code := firstMatch(npmCode, output); code {
	case "ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "EHOSTUNREACH",
		"ERR_SOCKET_TIMEOUT", "FETCH_ERROR":
		return fmt.Errorf("npm cannot reach its registry (%s); connect this machine to the network and try again", code)
	case "ENOSPC":
		return fmt.Errorf("npm pack %s: %w", name, syscall.ENOSPC)
	case "EACCES", "EPERM", "EROFS":
		return fmt.Errorf("npm cannot write %s (%s); make that folder writable or set npm_config_cache", firstMatch(npmPath, output), code)
	}
	if lines := strings.Split(strings.TrimSpace(output), "\n"); lines[0] != "" {
		return fmt.Errorf("npm pack %s: %s", name, strings.Join(lines[:min(2, len(lines))], "; "))
	}
	return fmt.Errorf("npm pack %s: %w", name, err)
}

func firstMatch(pattern *regexp.Regexp, text string) string {
	if m := pattern.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}
