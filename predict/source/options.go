package source

import (
	"cmp"
	"net/http"
	"os"
)

// Options say where model references are looked for. The zero value uses the
// process's environment and the default HTTP client.
type Options struct {
	// Env looks up HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE, HF_ENDPOINT, HF_TOKEN,
	// OLLAMA_MODELS, XDG_CACHE_HOME and HOME; nil is os.Getenv.
	Env func(string) string
	// HTTP reads configs and headers from a hub; nil is http.DefaultClient.
	HTTP *http.Client
}

func (o Options) env(name string) string {
	if o.Env != nil {
		return o.Env(name)
	}
	return os.Getenv(name)
}

func (o Options) http() *http.Client { return cmp.Or(o.HTTP, http.DefaultClient) }
