package source

import (
	"cmp"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// shard is the end of the name of a file that is one of several.
var shard = regexp.MustCompile(`-(\d{5})-of-(\d{5})\.gguf$`)

// mostFiles bounds what is looked at under a folder.
const mostFiles = 100_000

// quantName is how files of a repository name their quantisation.
var quantName = regexp.MustCompile(`(?i)(?:^|[-._])((?:UD-)?(?:I?Q\d+(?:_[0-9A-Z]+)*|BF16|F16|F32|FP16|TQ\d_0|MXFP4(?:_MOE)?))$`)

func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// ggufsIn are the models in GGUF in a folder, or under it: of several shards the first,
// and no projector.
func ggufsIn(dir string, deep bool) []string {
	var found []string
	seen := 0
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error { // what cannot be read has none
		if seen++; err != nil || seen > mostFiles {
			return fs.SkipDir
		}
		if d.IsDir() && path != dir && !deep {
			return fs.SkipDir
		}
		if !d.IsDir() && isModelFile(d.Name()) {
			found = append(found, path)
		}
		return nil
	})
	slices.Sort(found)
	return found
}

// quantOf is the quantisation in a file's name, or empty.
func quantOf(path string) string {
	name := shard.ReplaceAllString(filepath.Base(path), "")
	if m := quantName.FindStringSubmatch(strings.TrimSuffix(name, ".gguf")); m != nil {
		return m[1]
	}
	return ""
}

// choose is the one of several files that a quantisation, or the end of a name, means.
func choose(files []string, quant, ref string) (string, error) {
	if quant == "" && len(files) == 1 {
		return files[0], nil
	}
	var names []string
	for _, path := range files {
		name := cmp.Or(quantOf(path), filepath.Base(path))
		if quant != "" && (strings.EqualFold(name, quant) || strings.EqualFold(filepath.Base(path), quant)) {
			return path, nil
		}
		names = append(names, name)
	}
	if quant == "" {
		return "", fmt.Errorf("%s has %d models: write %s:%s", ref, len(files), ref, strings.Join(names, " or :"))
	}
	return "", fmt.Errorf("%s has no %s, but %s", ref, quant, strings.Join(names, ", "))
}

// isModelFile reports whether a file's name is that of a model in GGUF: of several
// parts the first, and no projector.
func isModelFile(name string) bool {
	lower := strings.ToLower(name)
	part := shard.FindStringSubmatch(name)
	return strings.HasSuffix(lower, ".gguf") && !strings.HasPrefix(lower, "mmproj") && (part == nil || part[1] == "00001")
}
