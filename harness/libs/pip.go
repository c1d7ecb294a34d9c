package libs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
)

// Wheel is a package of PyPI at one version.
type Wheel struct {
	Name, Version string
	// SHA256 is, by Go's name of a platform, or by "any", the hash of the wheel.
	SHA256 map[string]string
}

// findPip returns the command that is pip, nil where there is none.
func findPip() []string {
	for _, name := range []string{"pip3", "pip"} {
		if path, err := exec.LookPath(name); err == nil {
			return []string{path}
		}
	}
	python, err := exec.LookPath("python3")
	if err != nil || exec.Command(python, "-m", "pip", "--version").Run() != nil {
		return nil
	}
	return []string{python, "-m", "pip"}
}

// pipBroken finds the error of a connection in pip's warnings: its last line then
// says that there is no such package.
var pipBroken = regexp.MustCompile(`after connection broken by ['"](\w+)`)

// download fetches the wheel for a platform, which has to be this machine's,
// into a folder below work and returns its path. Its hash is checked here, too:
// pip's own check depends on its settings.
func (w Wheel) download(ctx context.Context, pip []string, platform, work string) (string, error) {
	folder := filepath.Join(work, w.Name)
	if err := os.Mkdir(folder, 0o755); err != nil {
		return "", err
	}
	// One retry instead of pip's five at growing pauses: somebody is waiting.
	args := append(slices.Clip(pip), "download", "--quiet", "--disable-pip-version-check", "--retries", "1", "--no-deps",
		"--only-binary=:all:", "--dest", folder, w.Name+"=="+w.Version)
	if said, err := runQuietly(command(ctx, "", args...)); err != nil {
		if broken := pipBroken.FindStringSubmatch(said); broken != nil {
			return "", fmt.Errorf("pip cannot reach its index (%s); connect this machine to the network and try again", broken[1])
		}
		return "", fmt.Errorf("pip download %s==%s: %w", w.Name, w.Version, reason(said, "ERROR: ", err))
	}
	file, err := onlyFile(folder)
	if err != nil {
		return "", fmt.Errorf("pip download %s==%s: %w", w.Name, w.Version, err)
	}
	return file, checkHash(file, w.SHA256[platform])
}
