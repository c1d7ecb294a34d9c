package source

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// defaultHub is where hf:ORG/NAME is read from when it is not cached and
// HF_ENDPOINT is not set.
const defaultHub = "https://huggingface.co"

var hubName = regexp.MustCompile(`^[\w.-]+/[\w.-]+$`)

// mainRevision is what a hub serves when no other is asked for.
const mainRevision = "main"

// hubCache is where huggingface_hub keeps models (constants.py, HF_HUB_CACHE).
func hubCache(opt Options) string {
	if dir := opt.env("HF_HUB_CACHE"); dir != "" {
		return dir
	}
	caches := cmp.Or(opt.env("XDG_CACHE_HOME"), filepath.Join(opt.env("HOME"), ".cache"))
	return filepath.Join(cmp.Or(opt.env("HF_HOME"), filepath.Join(caches, "huggingface")), "hub")
}

// snapshotOf is the folder of the revision: the one that refs/REVISION points
// to, or that is called so, or for main the only one there is; fs.ErrNotExist
// when it was never downloaded. Its files are links into blobs, which are
// followed (file_download.py of huggingface_hub).
func snapshotOf(cache, name, revision string) (string, error) {
	repo := filepath.Join(cache, "models--"+strings.ReplaceAll(name, "/", "--"))
	commit := revision
	if ref, err := os.ReadFile(filepath.Join(repo, "refs", filepath.FromSlash(revision))); err == nil {
		commit = strings.TrimSpace(string(ref))
	}
	if dir := filepath.Join(repo, "snapshots", filepath.Base(commit)); hasModel(dir) {
		return dir, nil
	}
	if revision != mainRevision {
		return "", fmt.Errorf("%s: revision %s: %w", repo, revision, fs.ErrNotExist)
	}
	folders, err := filepath.Glob(filepath.Join(escapeGlob(repo), "snapshots", "*"))
	if err != nil {
		return "", err
	}
	found := slices.DeleteFunc(folders, func(dir string) bool { return !hasModel(dir) })
	switch len(found) {
	case 0:
		return "", fmt.Errorf("%s: %w", repo, fs.ErrNotExist)
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("%s: %d snapshots and no refs/main says which; give the folder of one", repo, len(found))
}

// inHubCache reports whether a bare ORG/NAME is a model of the local hub cache.
func inHubCache(ref string, opt Options) bool {
	name, _, _ := strings.Cut(ref, ":")
	if !hubName.MatchString(name) || strings.Contains(name, "..") {
		return false
	}
	_, err := snapshotOf(hubCache(opt), name, mainRevision)
	return err == nil
}

// hasModel reports whether a folder has a config or a GGUF.
func hasModel(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "config.json"))
	return err == nil || len(ggufsIn(dir, true)) > 0
}
