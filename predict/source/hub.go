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
	"slices"
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

// loadHub reads hf:ORG/NAME, with :QUANT where it has several files, or @REVISION: what
// is in the local hub cache, else the config and the weights' headers from the hub,
// without the weights. A file of one quantisation is only looked for in the cache.
func loadHub(ctx context.Context, ref string, opt Options) (arch.Facts, error) {
	whole, revision, said := strings.Cut(ref, "@")
	if !said {
		revision = mainRevision
	}
	name, quant, _ := strings.Cut(whole, ":")
	if !hubName.MatchString(name) || !hubRevision.MatchString(revision) || strings.Contains(ref, "..") {
		return arch.Facts{}, fmt.Errorf("%q is no model on a hub; write hf:ORG/NAME, hf:ORG/NAME:QUANT, or hf:ORG/NAME@REVISION", ref)
	}
	dir, err := snapshotOf(hubCache(opt), name, revision)
	if err == nil {
		f, err := loadSnapshot(dir, quant, "hf:"+name)
		f.Name = cmp.Or(f.Name, name)
		return f, err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return arch.Facts{}, err
	}
	if opt.env("HF_HUB_OFFLINE") == "1" {
		return arch.Facts{}, fmt.Errorf("%w, and HF_HUB_OFFLINE forbids asking the hub; download the model, or unset it", err)
	}
	hub := remote{ctx: ctx, opt: opt, repo: name, revision: revision}
	if quant != "" {
		f, err := hub.loadGGUF(quant)
		f.Name = cmp.Or(f.Name, name)
		return f, err
	}
	f, err := hub.load()
	if errors.Is(err, fs.ErrNotExist) { // without a config, it may be one of GGUFs
		if g, ggufErr := hub.loadGGUF(""); ggufErr == nil || !errors.Is(ggufErr, fs.ErrNotExist) {
			g.Name = cmp.Or(g.Name, name)
			return g, ggufErr
		}
	}
	f.Name = name
	return f, err
}

// loadSnapshot reads a folder of the cache: one of GGUFs by the quantisation, another
// as every Hugging Face folder.
func loadSnapshot(dir, quant, ref string) (arch.Facts, error) {
	files := ggufsIn(dir, true)
	_, err := os.Stat(filepath.Join(dir, "config.json"))
	if quant == "" && (err == nil || len(files) == 0) {
		f, err := loadFolder(dir)
		f.Name = ""
		return f, err
	}
	if len(files) == 0 {
		return arch.Facts{}, fmt.Errorf("%s has no .gguf in %s; leave out :%s", ref, dir, quant)
	}
	path, err := choose(files, quant, ref)
	if err != nil {
		return arch.Facts{}, err
	}
	return loadGGUF(path)
}

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

// hasModel reports whether a folder has a config or a GGUF.
func hasModel(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "config.json"))
	return err == nil || len(ggufsIn(dir, true)) > 0
}
