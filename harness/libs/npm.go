package libs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"assay/harness/home"
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
	cmd := exec.CommandContext(ctx, npm, "pack", "--loglevel=error", "--prefer-offline", "--fetch-retries=1", "--fetch-retry-mintimeout=1000", name)
	cmd.Env = home.Environ()
	cmd.Dir = folder
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.WaitDelay = time.Second // for what npm may leave running when it is killed
	if err := cmd.Run(); err != nil {
		return "", npmError(name, stderr.String(), err)
	}
	return onlyFile(folder)
}

// onlyFile is the path of the one file in folder: npm's names for archives
// have changed.
func onlyFile(folder string) (string, error) {
	files, err := os.ReadDir(folder)
	if err != nil {
		return "", err
	}
	if len(files) != 1 {
		return "", fmt.Errorf("npm pack left %d files instead of one archive", len(files))
	}
	return filepath.Join(folder, files[0].Name()), nil
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
	case "ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "EHOSTUNREACH", "ERR_SOCKET_TIMEOUT", "FETCH_ERROR":
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
