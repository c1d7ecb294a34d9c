package arch

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"assay/predict/safetensors"
)

// remote reads one model of a hub over HTTP: its config, and the headers of its
// weights by range requests.
type remote struct {
	ctx  context.Context
	opt  Options
	repo string
}

// headerChunk is the first range asked of a weights file: nearly every header
// fits, and one request does.
const headerChunk = 256 << 10

func (r remote) load() (Facts, error) {
	raw, err := r.get("config.json", maxConfigBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return Facts{}, fmt.Errorf("%w; check the name, or set HF_TOKEN if the model is gated", err)
	}
	if err != nil {
		return Facts{}, err
	}
	f, err := parseConfig(r.url("config.json"), raw)
	if err != nil {
		return Facts{}, err
	}
	shards, err := r.shards()
	if err != nil {
		return Facts{}, err
	}
	var table []Tensor
	for _, shard := range shards {
		tensors, err := r.header(shard)
		if errors.Is(err, fs.ErrNotExist) && len(shards) == 1 {
			return f, nil // a model without safetensors: the config is all there is
		}
		if err != nil {
			return Facts{}, err
		}
		table = append(table, tableOf(tensors)...)
	}
	return f.withWeights(r.url("config.json"), raw, table, r.url("*.safetensors"))
}

// shards are the weights' files: those that the index names, else the one.
func (r remote) shards() ([]string, error) {
	const name = "model.safetensors.index.json"
	raw, err := r.get(name, 64<<20)
	if errors.Is(err, fs.ErrNotExist) {
		return []string{"model.safetensors"}, nil
	}
	if err != nil {
		return nil, err
	}
	var index struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(raw, &index); err != nil {
		return nil, fmt.Errorf("%s: %w", r.url(name), err)
	}
	files := slices.Compact(slices.Sorted(maps.Values(index.WeightMap)))
	for _, file := range files {
		if strings.ContainsAny(file, `/\?#`) {
			return nil, fmt.Errorf("%s: weight_map names %s, which is no file beside it", r.url(name), show(file))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: weight_map names no file", r.url(name))
	}
	return files, nil
}

func (r remote) header(file string) ([]safetensors.Tensor, error) {
	ranges := &rangeReader{remote: r, file: file}
	if err := ranges.start(); err != nil {
		return nil, err
	}
	header, err := safetensors.Read(ranges, ranges.size, r.url(file))
	if err != nil {
		return nil, err
	}
	return header.Tensors, header.Close()
}

// url is where a hub serves a file (huggingface_hub's hf_hub_url).
func (r remote) url(file string) string {
	hub := strings.TrimSuffix(cmp.Or(r.opt.env("HF_ENDPOINT"), defaultHub), "/")
	return hub + "/" + r.repo + "/resolve/main/" + file
}

// get reads a whole file of at most limit bytes.
func (r remote) get(file string, limit int64) ([]byte, error) {
	response, err := r.request(file, "")
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.url(file), err)
	}
	if int64(len(raw)) > limit {
		return nil, fmt.Errorf("%s: is larger than %d bytes; that is no file of this kind", r.url(file), limit)
	}
	return raw, nil
}

// request asks for a file or a range of it. A missing file is fs.ErrNotExist.
func (r remote) request(file, byteRange string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(r.ctx, http.MethodGet, r.url(file), nil)
	if err != nil {
		return nil, err
	}
	if token := r.opt.env("HF_TOKEN"); token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if byteRange != "" {
		request.Header.Set("Range", "bytes="+byteRange)
	}
	response, err := r.opt.http().Do(request)
	if err != nil {
		return nil, fmt.Errorf("%w; the model is not in the local cache either: download it, or set HF_ENDPOINT to a hub in reach", err)
	}
	switch response.StatusCode {
	case http.StatusOK, http.StatusPartialContent:
		return response, nil
	case http.StatusNotFound:
		return nil, errors.Join(fmt.Errorf("%s: %w", r.url(file), fs.ErrNotExist), response.Body.Close())
	case http.StatusUnauthorized, http.StatusForbidden:
		err = fmt.Errorf("%s: %s; set HF_TOKEN to a token that may read the model", r.url(file), response.Status)
	default:
		err = fmt.Errorf("%s: %s", r.url(file), response.Status)
	}
	return nil, errors.Join(err, response.Body.Close())
}

// rangeReader reads a remote file in ranges. Its first chunk is kept, as a
// header is read in several small steps.
type rangeReader struct {
	remote remote
	file   string
	size   int64
	first  []byte
}

func (r *rangeReader) start() error {
	response, err := r.remote.request(r.file, fmt.Sprintf("0-%d", headerChunk-1))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	r.size, err = totalSize(response)
	if err != nil {
		return fmt.Errorf("%s: %w", r.remote.url(r.file), err)
	}
	r.first, err = io.ReadAll(io.LimitReader(response.Body, min(headerChunk, r.size)))
	return err
}

// totalSize is the size of the whole file, from the answer to a range request.
func totalSize(response *http.Response) (int64, error) {
	if response.StatusCode != http.StatusPartialContent {
		return 0, errors.New("the hub does not serve ranges, and the whole file is not read; download the model and give its folder")
	}
	_, total, _ := strings.Cut(response.Header.Get("Content-Range"), "/")
	size, err := strconv.ParseInt(total, 10, 64)
	if err != nil || size < 0 {
		return 0, fmt.Errorf("the hub's Content-Range %s has no size", show(response.Header.Get("Content-Range")))
	}
	return size, nil
}

// ReadAt implements io.ReaderAt for a header: one request for what the first
// chunk does not hold.
func (r *rangeReader) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) <= int64(len(r.first)) {
		return copy(p, r.first[off:]), nil
	}
	if off >= r.size {
		return 0, io.EOF
	}
	last := min(off+int64(len(p)), r.size) - 1
	response, err := r.remote.request(r.file, fmt.Sprintf("%d-%d", off, last))
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusPartialContent {
		return 0, fmt.Errorf("%s: the hub stopped serving ranges", r.remote.url(r.file))
	}
	n, err := io.ReadFull(response.Body, p[:last-off+1])
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}
