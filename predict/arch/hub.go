package arch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// defaultHub is where hf:ORG/NAME is read from when it is not cached and
// HF_ENDPOINT is not set.
const defaultHub = "https://huggingface.co"

var hubName = regexp.MustCompile(`^[\w.-]+/[\w.-]+$`)

// loadHub reads hf:ORG/NAME: the newest snapshot in the local hub cache, else
// the config and the weights' headers from the hub, without the weights.
func loadHub(ctx context.Context, name string, opt Options) (Facts, error) {
	if !hubName.MatchString(name) || strings.Contains(name, "..") {
		return Facts{}, fmt.Errorf("%q is no model on a hub; write hf:ORG/NAME", name)
	}
	dir, err := cachedSnapshot(hubCache(opt), name)
	if err == nil {
		f, err := loadFolder(dir)
		f.Name = name
		return f, err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return Facts{}, err
	}
	f, err := remote{ctx: ctx, opt: opt, repo: name}.load()
	f.Name = name
	return f, err
}

// hubCache is where huggingface_hub keeps models (constants.py, HF_HUB_CACHE).
func hubCache(opt Options) string {
	if dir := opt.env("HF_HUB_CACHE"); dir != "" {
		return dir
	}
	home := cmp.Or(opt.env("HF_HOME"), filepath.Join(opt.env("HOME"), ".cache", "huggingface"))
	return filepath.Join(home, "hub")
}

// cachedSnapshot is the folder that refs/main points to, or the only one there
// is; fs.ErrNotExist when the model was never downloaded.
func cachedSnapshot(cache, name string) (string, error) {
	repo := filepath.Join(cache, "models--"+strings.ReplaceAll(name, "/", "--"))
	if commit, err := os.ReadFile(filepath.Join(repo, "refs", "main")); err == nil {
		dir := filepath.Join(repo, "snapshots", filepath.Base(strings.TrimSpace(string(commit))))
		if _, err := os.Stat(filepath.Join(dir, "config.json")); err == nil {
			return dir, nil
		}
	}
	found, err := filepath.Glob(filepath.Join(escapeGlob(repo), "snapshots", "*", "config.json"))
	if err != nil {
		return "", err
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("%s: %w", repo, fs.ErrNotExist)
	case 1:
		return filepath.Dir(found[0]), nil
	}
	return "", fmt.Errorf("%s: %d snapshots and no refs/main says which; give the folder of one", repo, len(found))
}
