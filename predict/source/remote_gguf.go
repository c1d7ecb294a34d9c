package source

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"slices"

	"assay/predict/arch"
	"assay/predict/gguf"
)

// readAhead is what one request brings of a GGUF's header beyond what is asked for.
const readAhead = 2 << 20

// mostListing bounds what a hub says of a model: the largest repositories list some
// thousands of files.
const mostListing = 32 << 20

// loadGGUF reads the header of a GGUF of the repository, of all its parts: the one that
// a quantisation means, or the only one.
func (r remote) loadGGUF(quant string) (arch.Facts, error) {
	files, err := r.ggufs()
	if err != nil {
		return arch.Facts{}, err
	}
	if len(files) == 0 {
		return arch.Facts{}, fmt.Errorf("hf:%s has no .gguf on %s; leave out :%s", r.repo, r.hub(), cmp.Or(quant, "QUANT"))
	}
	name, err := choose(files, quant, "hf:"+r.repo)
	if err != nil {
		return arch.Facts{}, err
	}
	parts, err := gguf.PartPaths(name)
	if err != nil {
		return arch.Facts{}, err
	}
	file, err := gguf.ReadParts(len(parts), func(i int) (*gguf.File, error) {
		ranges := &rangeReader{remote: r, file: parts[i], ahead: readAhead}
		if err := ranges.start(); err != nil {
			return nil, err
		}
		return gguf.Read(ranges, ranges.size, r.address(parts[i]))
	})
	if err != nil {
		return arch.Facts{}, err
	}
	f, err := fromGGUF(file)
	if err != nil {
		return f, err
	}
	f.File, err = identifyGGUF(file)
	return f, err
}

// ggufs are the repository's models in GGUF, as its list of files has them
// (huggingface_hub's model_info): of several parts the first, and no projector.
func (r remote) ggufs() ([]string, error) {
	address := r.hub() + "/api/models/" + r.repo + "/revision/" + url.PathEscape(r.revision)
	raw, err := r.getFrom(address, mostListing)
	if err != nil {
		return nil, err
	}
	var listing struct {
		Siblings []struct {
			Name string `json:"rfilename"`
		} `json:"siblings"`
	}
	if err := json.Unmarshal(raw, &listing); err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	var found []string
	for _, s := range listing.Siblings {
		if path.Clean("/"+s.Name) == "/"+s.Name && isModelFile(path.Base(s.Name)) {
			found = append(found, s.Name)
		}
	}
	slices.Sort(found)
	return found, nil
}
