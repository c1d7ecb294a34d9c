package gguf

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	"assay/predict/tensorfile"
)

// partName is how llama.cpp names the files of a split model
// (llama_split_path, src/llama.cpp, v0.5.0).
var partName = regexp.MustCompile(`^(.+)-(\d{5})-of-(\d{5})\.gguf$`)

// The metadata keys of a split model (LLM_KV_SPLIT_*, src/llama-arch.cpp, v0.5.0).
const (
	splitNo      = "split.no"            // this part, from 0
	splitCount   = "split.count"         // of parts
	splitTensors = "split.tensors.count" // in all parts
)

// Open reads the header of the model at path; of a split model, path names any
// part and all of them are read. The caller closes the File.
func Open(path string) (*File, error) {
	paths, err := PartPaths(path)
	if err != nil {
		return nil, err
	}
	if err := missingPart(path, paths); err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Size() == 0 {
		return nil, fmt.Errorf("%s is empty; get it again", path)
	}
	model, err := ReadParts(len(paths), func(i int) (*File, error) { return tensorfile.Load(paths[i], Read) })
	if err != nil {
		return nil, err
	}
	model.Name = path
	return model, nil
}

// ReadParts reads a model of one or several parts, wherever they lie.
func ReadParts(count int, read func(part int) (*File, error)) (*File, error) {
	model, err := read(0)
	if err != nil {
		return nil, err
	}
	if err := model.join(count, read); err != nil {
		return nil, errors.Join(err, model.Close())
	}
	return model, nil
}

// PartPaths are the files that belong to path, by its name.
func PartPaths(path string) ([]string, error) {
	dir, base := filepath.Split(path)
	m := partName.FindStringSubmatch(base)
	if m == nil {
		return []string{path}, nil
	}
	no, _ := strconv.Atoi(m[2])
	count, _ := strconv.Atoi(m[3])
	if no < 1 || no > count {
		return nil, fmt.Errorf("%s: the name says part %d of %d", path, no, count)
	}
	paths := make([]string, count)
	for i := range paths {
		paths[i] = filepath.Join(dir, fmt.Sprintf("%s-%05d-of-%05d.gguf", m[1], i+1, count))
	}
	return paths, nil
}

// missingPart names the first part of a split model that is not there, where path
// is; nil where all are, or path itself is missing.
func missingPart(path string, paths []string) error {
	if _, err := os.Stat(path); err != nil || len(paths) == 1 {
		return nil // what is wrong with it, opening says
	}
	for i, part := range paths {
		if _, err := os.Stat(part); errors.Is(err, fs.ErrNotExist) {
			which := fmt.Sprintf("part %d", i+1)
			if i == 0 {
				which = "the first part"
			}
			return fmt.Errorf("%s: is one part of a split model of %d, and %s, %s, is not there: %w; put all parts into one folder",
				path, len(paths), which, filepath.Base(part), fs.ErrNotExist)
		}
	}
	return nil
}

// join adds the other parts to f, the first, after checking that each belongs.
func (f *File) join(count int, read func(part int) (*File, error)) error {
	if err := f.checkSplit(0, count); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, t := range f.Tensors {
		seen[t.Name] = true
	}
	for i := 1; i < count; i++ {
		p, err := read(i)
		if err != nil {
			return fmt.Errorf("part %d of %d: %w", i+1, count, err)
		}
		f.parts = append(f.parts, p.parts...)
		if err := p.checkSplit(i, count); err != nil {
			return err
		}
		for _, t := range p.Tensors {
			if seen[t.Name] {
				return fmt.Errorf("%s: tensor %q stands in an earlier part too", p.Name, t.Name)
			}
			seen[t.Name] = true
			t.Part = i
			f.Tensors = append(f.Tensors, t)
		}
	}
	return f.checkTensorCount()
}

// checkSplit compares what the part says of itself with its place in count parts.
func (f *File) checkSplit(no, count int) error {
	have, err := splitNumber(f, splitCount, 1)
	if err != nil {
		return err
	}
	if have != max(count, 1) {
		return fmt.Errorf("%s: metadata key %q says %d parts, and the file's name %d; keep the names NAME-00001-of-%05d.gguf and so on", f.Name,
			splitCount, have, count, have)
	}
	if have, err = splitNumber(f, splitNo, 0); err != nil {
		return err
	}
	if have != no {
		return fmt.Errorf("%s: metadata key %q says %d, and the file's name %d", f.Name, splitNo, have, no)
	}
	return nil
}

func (f *File) checkTensorCount() error {
	want, err := splitNumber(f, splitTensors, len(f.Tensors))
	if err == nil && want != len(f.Tensors) {
		err = fmt.Errorf("%s: metadata key %q says %d tensors, and the %d parts hold %d", f.Name, splitTensors, want,
			len(f.parts), len(f.Tensors))
	}
	return err
}

// splitNumber reads a key that a file which was never split lacks. A split
// count of 0 means the same as 1.
func splitNumber(f *File, key string, absent int) (int, error) {
	n, err := Get[int32](f, key)
	if errors.Is(err, ErrNoKey) {
		return absent, nil
	}
	if key == splitCount {
		n = max(n, 1)
	}
	return int(n), err
}
