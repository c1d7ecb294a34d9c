package libs

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Crate is a package of cargo's registry at one version, and the hash of its
// archive.
type Crate struct{ Name, Version, SHA256 string }

// fetch makes cargo download the crate into its own cache and returns the
// archive's path. cargo has no command for one crate alone: an empty crate that
// depends on it is made in a folder below work, and nothing of it is built.
func (c Crate) fetch(ctx context.Context, cargo, work string) (string, error) {
	folder := filepath.Join(work, c.Name)
	if err := placeFile(filepath.Join(folder, "src", "lib.rs"), strings.NewReader("")); err != nil {
		return "", err
	}
	manifest := fmt.Sprintf("[package]\nname = \"fetch\"\nversion = \"0.0.0\"\n[dependencies]\n%s = \"=%s\"\n[workspace]\n", c.Name, c.Version)
	if err := placeFile(filepath.Join(folder, "Cargo.toml"), strings.NewReader(manifest)); err != nil {
		return "", err
	}
	if said, err := runQuietly(command(ctx, folder, cargo, "fetch", "--quiet")); err != nil {
		return "", fmt.Errorf("cargo fetch of %s %s: %w", c.Name, c.Version, reason(said, "error: ", err))
	}
	return c.archive()
}

// archive finds the crate in cargo's cache and checks its hash.
func (c Crate) archive() (string, error) {
	home := os.Getenv("CARGO_HOME")
	if home == "" {
		user, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("finding cargo's folder (set CARGO_HOME): %w", err)
		}
		home = filepath.Join(user, ".cargo")
	}
	found, err := filepath.Glob(filepath.Join(home, "registry", "cache", "*", c.Name+"-"+c.Version+".crate"))
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("cargo fetched %s %s, but it is not in %s; set CARGO_HOME to cargo's folder", c.Name, c.Version, home)
	}
	for _, file := range found { // one for each registry that was ever used
		if err = checkHash(file, c.SHA256); err == nil {
			return file, nil
		}
	}
	return "", err
}

// unpack writes the files for which target names a path; it is given their names
// below the crate's own folder.
func (c Crate) unpack(archive string, target func(name string) string) error {
	return untar(archive, func(name string) string {
		return target(strings.TrimPrefix(name, c.Name+"-"+c.Version+"/"))
	})
}
