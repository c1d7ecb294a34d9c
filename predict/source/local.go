package source

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
)

// Local is a model that lies on this machine.
type Local struct {
	// Ref is what to type for it, Path the file or folder, Where whose it is.
	Ref, Path, Where string
	// Bytes are those of its weights' files.
	Bytes int64
}

// Here lists the models in the folders in which tools keep them: the hub's cache, LM
// Studio's, llama.cpp's, Ollama's, and the current folder. A folder that is not there,
// or cannot be read, has none.
func Here(opt Options) []Local {
	var all []Local
	all = append(all, inHub(opt)...)
	for _, dir := range []string{".lmstudio/models", ".cache/lm-studio/models"} {
		all = append(all, inFolder(filepath.Join(opt.env("HOME"), filepath.FromSlash(dir)), "LM Studio")...)
	}
	for _, dir := range llamaCaches(opt) {
		all = append(all, inFolder(dir, "llama.cpp")...)
	}
	all = append(all, inOllama(opt)...)
	for _, path := range ggufsIn(".", false) {
		all = append(all, localFile(path, path, "this folder"))
	}
	return all
}

// Path is the file or folder on this machine that a reference means: itself, or what the
// hub's cache has of hf:ORG/NAME[:QUANT]. A reference that means none stays as it is.
func Path(ref string, opt Options) string {
	name := strings.TrimPrefix(strings.TrimPrefix(ref, "hf:"), defaultHub+"/")
	if _, err := os.Stat(ref); err == nil || !inHubCache(name, opt) {
		return ref
	}
	name, quant, _ := strings.Cut(name, ":")
	dir, err := snapshotOf(hubCache(opt), name, mainRevision)
	if err != nil {
		return ref
	}
	if path, err := choose(ggufsIn(dir, true), quant, ref); err == nil {
		return path
	}
	return dir
}

// llamaCaches are where llama.cpp keeps what it downloads (common/common.cpp,
// fs_get_cache_directory, v0.5.0).
func llamaCaches(opt Options) []string {
	if dir := opt.env("LLAMA_CACHE"); dir != "" {
		return []string{dir}
	}
	home := opt.env("HOME")
	return []string{
		filepath.Join(cmp.Or(opt.env("XDG_CACHE_HOME"), filepath.Join(home, ".cache")), "llama.cpp"),
		filepath.Join(home, "Library", "Caches", "llama.cpp"),
	}
}

// inHub lists the hub's cache: every GGUF by its quantisation, every folder of
// safetensors by its name.
func inHub(opt Options) []Local {
	repos, _ := filepath.Glob(filepath.Join(escapeGlob(hubCache(opt)), "models--*--*"))
	var all []Local
	for _, repo := range repos {
		name := strings.Replace(strings.TrimPrefix(filepath.Base(repo), "models--"), "--", "/", 1)
		dir, err := snapshotOf(hubCache(opt), name, mainRevision)
		if err != nil {
			continue
		}
		files := ggufsIn(dir, true)
		for _, path := range files {
			ref := "hf:" + name
			if len(files) > 1 {
				ref += ":" + cmp.Or(quantOf(path), filepath.Base(path))
			}
			all = append(all, localFile(ref, path, "hub cache"))
		}
		if weights, _ := filepath.Glob(filepath.Join(escapeGlob(dir), "*.safetensors")); len(weights) > 0 {
			one := Local{Ref: "hf:" + name, Path: dir, Where: "hub cache"}
			for _, path := range weights {
				one.Bytes += sizeOf(path)
			}
			all = append(all, one)
		}
	}
	return all
}

// inFolder lists the GGUFs under a folder, and folders of safetensors.
func inFolder(dir, where string) []Local {
	var all []Local
	for _, path := range ggufsIn(dir, true) {
		all = append(all, localFile(path, path, where))
	}
	folders, _ := filepath.Glob(filepath.Join(escapeGlob(dir), "*", "*", "config.json"))
	for _, config := range folders {
		one := Local{Ref: filepath.Dir(config), Path: filepath.Dir(config), Where: where}
		weights, _ := filepath.Glob(filepath.Join(escapeGlob(one.Path), "*.safetensors"))
		for _, path := range weights {
			one.Bytes += sizeOf(path)
		}
		if one.Bytes > 0 {
			all = append(all, one)
		}
	}
	return all
}

func inOllama(opt Options) []Local {
	root := ollamaRoot(opt)
	manifests, _ := filepath.Glob(filepath.Join(escapeGlob(root), "manifests", "*", "*", "*", "*"))
	var all []Local
	for _, manifest := range manifests {
		digest, err := modelLayer(manifest)
		if err != nil {
			continue
		}
		space, name, tag := filepath.Base(filepath.Dir(filepath.Dir(manifest))), filepath.Base(filepath.Dir(manifest)), filepath.Base(manifest)
		ref := "ollama:" + name
		if space != "library" {
			ref = "ollama:" + space + "/" + name
		}
		if tag != "latest" {
			ref += ":" + tag
		}
		all = append(all, localFile(ref, filepath.Join(root, "blobs", strings.Replace(digest, ":", "-", 1)), "Ollama"))
	}
	return all
}

func localFile(ref, path, where string) Local {
	return Local{Ref: ref, Path: path, Where: where, Bytes: sizeOf(path)}
}

// sizeOf is a file's size, with the shards that belong to it; 0 where it cannot be read.
func sizeOf(path string) int64 {
	files := []string{path}
	if m := shard.FindStringSubmatchIndex(path); m != nil {
		files, _ = filepath.Glob(escapeGlob(path[:m[2]]) + "*" + escapeGlob(path[m[3]:]))
	}
	total := int64(0)
	for _, name := range files {
		if info, err := os.Stat(name); err == nil {
			total += info.Size()
		}
	}
	return total
}
