package source

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"assay/predict/arch"
	"assay/predict/config"
	"assay/predict/safetensors"
)

// remote reads one model of a hub over HTTP: its config, and the headers of its
// weights by range requests.
type remote struct {
	ctx  context.Context
	opt  Options
	repo string
	// revision is a branch, a tag or a commit.
	revision string
}

// headerChunk is the first range asked of a weights file: nearly every header
// fits, and one request does.
const headerChunk = 256 << 10

func (r remote) load() (arch.Facts, error) {
	raw, err := r.get("config.json", maxConfigBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return arch.Facts{}, fmt.Errorf("%w; check the name, or set HF_TOKEN if the model is gated", err)
	}
	if err != nil {
		return arch.Facts{}, err
	}
	f, err := parse(r.address("config.json"), raw)
	if err != nil {
		return arch.Facts{}, err
	}
	shards, err := r.shards()
	if err != nil {
		return arch.Facts{}, err
	}
	var table []arch.Tensor
	for _, shard := range shards {
		tensors, err := r.header(shard)
		if errors.Is(err, fs.ErrNotExist) && len(shards) == 1 {
			return f, nil // a model without safetensors: the config is all there is
		}
		if err != nil {
			return arch.Facts{}, err
		}
		table = append(table, tableOf(tensors)...)
	}
	return withWeights(f, configText{r.address("config.json"), raw}, table, r.address("*.safetensors"))
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
		return nil, fmt.Errorf("%s: %w", r.address(name), err)
	}
	files := slices.Compact(slices.Sorted(maps.Values(index.WeightMap)))
	for _, file := range files {
		if strings.ContainsAny(file, `/\?#`) {
			return nil, fmt.Errorf("%s: weight_map names %s, which is no file beside it", r.address(name), config.Show(file))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: weight_map names no file", r.address(name))
	}
	return files, nil
}

func (r remote) header(file string) ([]safetensors.Tensor, error) {
	ranges := &rangeReader{remote: r, file: file}
	if err := ranges.start(); err != nil {
		return nil, err
	}
	header, err := safetensors.Read(ranges, ranges.size, r.address(file))
	if err != nil {
		return nil, err
	}
	return header.Tensors, header.Close()
}

// hub is the address of the hub itself.
func (r remote) hub() string {
	return strings.TrimSuffix(cmp.Or(r.opt.env("HF_ENDPOINT"), defaultHub), "/")
}

// address is where a hub serves a file (huggingface_hub's hf_hub_url).
func (r remote) address(file string) string {
	return r.hub() + "/" + r.repo + "/resolve/" + url.PathEscape(r.revision) + "/" + (&url.URL{Path: file}).EscapedPath()
}

// get reads a whole file of at most limit bytes.
func (r remote) get(file string, limit int64) ([]byte, error) {
	return r.getFrom(r.address(file), limit)
}

func (r remote) getFrom(address string, limit int64) ([]byte, error) {
	response, err := r.ask(address, "")
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	if int64(len(raw)) > limit {
		return nil, fmt.Errorf("%s: is larger than %d bytes; that is no file of this kind", address, limit)
	}
	return raw, nil
}

// request asks for a file or a range of it. A missing file is fs.ErrNotExist.
func (r remote) request(file, byteRange string) (*http.Response, error) {
	return r.ask(r.address(file), byteRange)
}

func (r remote) ask(address, byteRange string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(r.ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if token := r.opt.env("HF_TOKEN"); token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if byteRange != "" {
		request.Header.Set("Range", "bytes="+byteRange)
	}
	response, err := r.client().Do(request)
	if err != nil {
		return nil, fmt.Errorf("%w; the model is not in the local cache either: download it, or set HF_ENDPOINT to a hub in reach", err)
	}
	if response.StatusCode == http.StatusOK || response.StatusCode == http.StatusPartialContent {
		return response, nil
	}
	return nil, errors.Join(r.refusal(address, response), response.Body.Close())
}

// A hub has so long to be reached, to begin an answer, and for all of it: a config or
// a header, whose largest takes seconds.
const (
	dialWait   = 10 * time.Second
	headerWait = 20 * time.Second
	mostWait   = 2 * time.Minute
)

// patient is the default transport with an end to waiting.
var patient = func() http.RoundTripper {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	t = t.Clone()
	t.DialContext = (&net.Dialer{Timeout: dialWait, KeepAlive: 30 * time.Second}).DialContext
	t.ResponseHeaderTimeout, t.TLSHandshakeTimeout = headerWait, dialWait
	return t
}()

// client follows the hub's redirects to where it keeps its files. The token is
// the hub's alone: net/http would send it to another port or a subdomain too.
func (r remote) client() *http.Client {
	client := *r.opt.http()
	if client.Transport == nil {
		client.Transport = patient
	}
	if client.Timeout == 0 {
		client.Timeout = mostWait
	}
	check := client.CheckRedirect
	client.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		if next.URL.Host != via[0].URL.Host || next.URL.Scheme != via[0].URL.Scheme {
			next.Header.Del("Authorization")
		}
		if check != nil {
			return check(next, via)
		}
		if len(via) >= maxRedirects {
			return fmt.Errorf("the hub redirects more than %d times", maxRedirects)
		}
		return nil
	}
	return &client
}

const maxRedirects = 10

// refusals say what to do about an answer without a file.
var refusals = map[int]string{
	http.StatusUnauthorized: "the model is private, or there is none of this name; set HF_TOKEN to a token that may read it",
	http.StatusForbidden: "the model is gated, or the token may not read it; ask for access on its page, and set " +
		"HF_TOKEN to a token that has it",
	http.StatusRequestedRangeNotSatisfiable: "the file is shorter than its header says; it is damaged, or was replaced meanwhile",
	http.StatusTooManyRequests:              "the hub is asked too often; wait, or set HF_TOKEN, which is allowed more",
}

// refusal is an error for an answer without a file. The hub names its reason in
// a header (huggingface_hub's hf_raise_for_status).
func (r remote) refusal(address string, response *http.Response) error {
	said := response.Status
	switch response.Header.Get("X-Error-Code") {
	case "RevisionNotFound":
		return fmt.Errorf("%s: the model has no revision %s; leave @%s out, or give a branch, a tag or a commit", address,
			config.Show(r.revision), r.revision)
	case "GatedRepo":
		return fmt.Errorf("%s: %s; %s", address, said, refusals[http.StatusForbidden])
	}
	if response.StatusCode == http.StatusNotFound {
		return fmt.Errorf("%s: %w", address, fs.ErrNotExist)
	}
	if after := response.Header.Get("Retry-After"); after != "" {
		said += ", again in " + strings.Trim(config.Show(after), `"`) + " s"
	}
	advice, ok := refusals[response.StatusCode]
	if !ok {
		return fmt.Errorf("%s: %s; try again later, or give the folder of a downloaded model", address, said)
	}
	return fmt.Errorf("%s: %s; %s", address, said, advice)
}

// rangeReader reads the beginning of a remote file in ranges, and keeps it: a header
// is read in many small steps.
type rangeReader struct {
	remote remote
	file   string
	size   int64
	first  []byte
	// ahead is how much more than was asked for one request brings: a GGUF's header
	// has a vocabulary of megabytes.
	ahead int64
}

// mostHeader is more than any header has.
const mostHeader = 256 << 20

func (r *rangeReader) start() error {
	response, err := r.remote.request(r.file, fmt.Sprintf("0-%d", headerChunk-1))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	r.size, err = totalSize(response)
	if err != nil {
		return fmt.Errorf("%s: %w", r.remote.address(r.file), err)
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
		return 0, fmt.Errorf("the hub's Content-Range %s has no size", config.Show(response.Header.Get("Content-Range")))
	}
	return size, nil
}

// ReadAt implements io.ReaderAt for a header: one request for what is not known yet.
func (r *rangeReader) ReadAt(p []byte, off int64) (int, error) {
	if off >= r.size {
		return 0, io.EOF
	}
	end := min(off+int64(len(p)), r.size)
	if end > mostHeader {
		return 0, fmt.Errorf("%s: its header has more than %d bytes; it is damaged", r.remote.address(r.file), mostHeader)
	}
	if known := int64(len(r.first)); end > known {
		if err := r.extend(min(end+r.ahead, r.size)); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.first[off:end])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// extend reads on up to an end.
func (r *rangeReader) extend(end int64) error {
	known := int64(len(r.first))
	response, err := r.remote.request(r.file, fmt.Sprintf("%d-%d", known, end-1))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusPartialContent {
		return fmt.Errorf("%s: the hub stopped serving ranges", r.remote.address(r.file))
	}
	more := make([]byte, end-known)
	if _, err := io.ReadFull(response.Body, more); err != nil {
		return fmt.Errorf("%s: %w", r.remote.address(r.file), err)
	}
	r.first = append(r.first, more...)
	return nil
}
