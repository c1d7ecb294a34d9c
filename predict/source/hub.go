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

var hubRevision = regexp.MustCompile(`^[\w.-]+(/[\w.-]+)*$`)

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
