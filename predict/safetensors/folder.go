package safetensors

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"assay/predict/tensorfile"
)

const indexName = "model.safetensors.index.json"

// index names the shard of each tensor; nil where there is no index.
type index map[string]string

// Open reads the headers of a model's weights. The path names one file, an
// index of shards, or a folder: there the index decides, and where there is
// none, all files model*.safetensors, as in mlx-lm (load_model,
// mlx_lm/utils.py). The caller closes the File.
func Open(path string) (*File, error) {
	paths, idx, err := find(path)
	if err != nil {
		return nil, err
	}
	f, err := openShards(paths)
	if err != nil {
		return nil, err
	}
	f.Name = path
	if err := idx.check(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// find returns the files that path stands for.
func find(path string) ([]string, index, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if !info.IsDir() {
		if strings.HasSuffix(path, ".json") {
			return readIndex(path)
		}
		return []string{path}, nil, nil
	}
	indexPath := filepath.Join(path, indexName)
	if _, err := os.Stat(indexPath); !errors.Is(err, os.ErrNotExist) {
		return readIndex(indexPath)
	}
	files, err := os.ReadDir(path)
	if err != nil {
		return nil, nil, err
	}
	var paths []string
	for _, f := range files {
		if strings.HasPrefix(f.Name(), "model") && strings.HasSuffix(f.Name(), ".safetensors") {
			paths = append(paths, filepath.Join(path, f.Name()))
		}
	}
	if paths == nil {
		return nil, nil, fmt.Errorf("%s: holds neither %s nor model*.safetensors", path, indexName)
	}
	return paths, nil, nil
}

// readIndex reads an index file and returns its shards in the order of their names.
func readIndex(path string) ([]string, index, error) {
	r, size, err := tensorfile.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	idx, err := parseIndex(io.NewSectionReader(r, 0, size), path)
	if err != nil {
		return nil, nil, err
	}
	var paths []string
	for _, name := range slices.Compact(slices.Sorted(maps.Values(idx))) {
		if filepath.Base(name) != name || !filepath.IsLocal(name) {
			return nil, nil, fmt.Errorf("%s: the shard %q is no file name", path, name)
		}
		shard := filepath.Join(filepath.Dir(path), name)
		if _, err := os.Stat(shard); errors.Is(err, os.ErrNotExist) {
			return nil, nil, fmt.Errorf("%s: the shard is missing, of which %s says that it holds %s; get it again (%w)", shard, filepath.Base(path),
				held(idx, name), os.ErrNotExist)
		}
		paths = append(paths, shard)
	}
	if paths == nil {
		return nil, nil, fmt.Errorf("%s: the weight_map is missing or empty", path)
	}
	return paths, idx, nil
}

// held names a tensor that the index looks for in the shard, and counts them.
func held(idx index, shard string) string {
	var names []string
	for tensor, in := range idx {
		if in == shard {
			names = append(names, tensor)
		}
	}
	return fmt.Sprintf("%d tensors, such as %s", len(names), slices.Min(names))
}

func parseIndex(r io.Reader, name string) (index, error) {
	h := header{name: name, dec: json.NewDecoder(r)}
	idx := index{}
	err := object(h.dec, func(key string) error {
		if key != "weight_map" {
			return h.dec.Decode(new(json.RawMessage))
		}
		return object(h.dec, func(tensor string) error {
			var shard string
			err := h.dec.Decode(&shard)
			idx[tensor] = shard
			return err
		})
	})
	return idx, h.within(h.dec.InputOffset(), "index", err)
}

func openShards(paths []string) (*File, error) {
	all := &File{}
	seen := map[string]string{}
	for i, path := range paths {
		f, err := tensorfile.Load(path, Read)
		if err != nil {
			return nil, errors.Join(err, all.Close())
		}
		if i == 0 {
			all.Metadata = f.Metadata
		}
		all.parts = append(all.parts, f.parts...)
		for _, t := range f.Tensors {
			if other, ok := seen[t.Name]; ok {
				return nil, errors.Join(fmt.Errorf("%s: tensor %q stands in %s too", path, t.Name, other), all.Close())
			}
			seen[t.Name] = path
			t.Part = i
			all.Tensors = append(all.Tensors, t)
		}
	}
	return all, nil
}

// check looks for every tensor of the index in the shard that it names. A
// tensor that only a shard knows is no defect: mlx-lm loads it too.
func (idx index) check(f *File) error {
	shard := map[string]string{}
	for _, t := range f.Tensors {
		shard[t.Name] = filepath.Base(f.parts[t.Part].Name)
	}
	for _, name := range slices.Sorted(maps.Keys(idx)) {
		if shard[name] != idx[name] {
			return fmt.Errorf("%s: the index puts tensor %q into %s, which does not hold it", f.Name, name, idx[name])
		}
	}
	return nil
}
