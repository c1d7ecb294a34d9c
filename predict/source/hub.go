package source

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

	"assay/predict/arch"
)

// defaultHub is where hf:ORG/NAME is read from when it is not cached and
// HF_ENDPOINT is not set.
const defaultHub = "https://huggingface.co"

var (
	hubName     = regexp.MustCompile(`^[\w.-]+/[\w.-]+$`)
	hubRevision = regexp.MustCompile(`^[\w.-]+(/[\w.-]+)*$`)
)

// mainRevision is what a hub serves when no other is asked for.
const mainRevision = "main"

// loadHub reads hf:ORG/NAME, or hf:ORG/NAME@REVISION: the snapshot in the local
// hub cache, else the config and the weights' headers from the hub, without the
// weights.
func loadHub(ctx context.Context, ref string, opt Options) (arch.Facts, error) {
	name, revision, said := strings.Cut(ref, "@")
	if !said {
		revision = mainRevision
	}
	if !hubName.MatchString(name) || !hubRevision.MatchString(revision) || strings.Contains(ref, "..") {
		return arch.Facts{}, fmt.Errorf("%q is no model on a hub; write hf:ORG/NAME, or hf:ORG/NAME@REVISION", ref)
	}
	dir, err := cachedSnapshot(hubCache(opt), name, revision)
	if err == nil {
		f, err := loadFolder(dir)
		f.Name = name
		return f, err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return arch.Facts{}, err
	}
	if opt.env("HF_HUB_OFFLINE") == "1" {
		return arch.Facts{}, fmt.Errorf("%w, and HF_HUB_OFFLINE forbids asking the hub; download the model, or unset it", err)
	}
	f, err := remote{ctx: ctx, opt: opt, repo: name, revision: revision}.load()
	f.Name = name
	return f, err
}

// hubCache is where huggingface_hub keeps models (constants.py, HF_HUB_CACHE).
func hubCache(opt Options) string {
	if dir := opt.env("HF_HUB_CACHE"); dir != "" {
		return dir
	}
	caches := cmp.Or(opt.env("XDG_CACHE_HOME"), filepath.Join(opt.env("HOME"), ".cache"))
	return filepath.Join(cmp.Or(opt.env("HF_HOME"), filepath.Join(caches, "huggingface")), "hub")
}

// cachedSnapshot is the folder of the revision: the one that refs/REVISION points
// to, or that is called so, or for main the only one there is; fs.ErrNotExist
// when it was never downloaded. Its files are links into blobs, which are
// followed (file_download.py of huggingface_hub).
func cachedSnapshot(cache, name, revision string) (string, error) {
	repo := filepath.Join(cache, "models--"+strings.ReplaceAll(name, "/", "--"))
	commit := revision
	if ref, err := os.ReadFile(filepath.Join(repo, "refs", filepath.FromSlash(revision))); err == nil {
		commit = strings.TrimSpace(string(ref))
	}
	dir := filepath.Join(repo, "snapshots", filepath.Base(commit))
	if _, err := os.Stat(filepath.Join(dir, "config.json")); err == nil {
		return dir, nil
	}
	if revision != mainRevision {
		return "", fmt.Errorf("%s: revision %s: %w", repo, revision, fs.ErrNotExist)
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
