package llama

import "assay/native/dylib"

// functions holds the addresses of the C functions that are called.
type functions struct {
	backendInit, logSet                                uintptr
	modelDefaults, contextDefaults                     uintptr
	modelLoad, modelFree, contextNew, contextFree      uintptr
	decode, synchronize, memory, memoryClear           uintptr
	stateSize, stateGet, stateSet, logits              uintptr
	modelParams, modelSize, modelVocab, vocabTokens    uintptr
	vocabType, tokenize                                uintptr
	nCtx, nBatch, nUbatch, nSeqMax                     uintptr
	nThreads, nThreadsBatch                            uintptr
	loadBackends, loadBackendsFrom, devCount, devGet   uintptr
	devName, devDescription, devType, devMemory        uintptr
	devBufferType                                      uintptr
	opName, typeName, nbytes, rowSize, tensorGet       uintptr
	bufferIsHost, bufferType, bufferTypeDevice         uintptr
	ggmlInit, ggmlFree, newTensor, setName, matrixMult uintptr
}

type symbol struct {
	name string
	addr *uintptr
}

// required lists every symbol without which the library cannot be used.
func (f *functions) required() []symbol {
	return []symbol{
		{"llama_backend_init", &f.backendInit},
		{"llama_log_set", &f.logSet},
		{"llama_model_default_params", &f.modelDefaults},
		{"llama_context_default_params", &f.contextDefaults},
		{"llama_model_load_from_file", &f.modelLoad},
		{"llama_model_free", &f.modelFree},
		{"llama_init_from_model", &f.contextNew},
		{"llama_free", &f.contextFree},
		{"llama_decode", &f.decode},
		{"llama_synchronize", &f.synchronize},
		{"llama_get_memory", &f.memory},
		{"llama_memory_clear", &f.memoryClear},
		{"llama_state_seq_get_size", &f.stateSize},
		{"llama_state_seq_get_data", &f.stateGet},
		{"llama_state_seq_set_data", &f.stateSet},
		{"llama_get_logits_ith", &f.logits},
		{"llama_model_n_params", &f.modelParams},
		{"llama_model_size", &f.modelSize},
		{"llama_model_get_vocab", &f.modelVocab},
		{"llama_vocab_n_tokens", &f.vocabTokens},
		{"llama_vocab_type", &f.vocabType},
		{"llama_tokenize", &f.tokenize},
		{"llama_n_ctx", &f.nCtx},
		{"llama_n_batch", &f.nBatch},
		{"llama_n_ubatch", &f.nUbatch},
		{"llama_n_seq_max", &f.nSeqMax},
		{"llama_n_threads", &f.nThreads},
		{"llama_n_threads_batch", &f.nThreadsBatch},
		{"ggml_backend_load_all", &f.loadBackends},
		{"ggml_backend_load_all_from_path", &f.loadBackendsFrom},
		{"ggml_backend_dev_count", &f.devCount},
		{"ggml_backend_dev_get", &f.devGet},
		{"ggml_backend_dev_name", &f.devName},
		{"ggml_backend_dev_description", &f.devDescription},
		{"ggml_backend_dev_type", &f.devType},
		{"ggml_backend_dev_memory", &f.devMemory},
		{"ggml_backend_dev_buffer_type", &f.devBufferType},
		{"ggml_op_name", &f.opName},
		{"ggml_type_name", &f.typeName},
		{"ggml_nbytes", &f.nbytes},
		{"ggml_row_size", &f.rowSize},
		{"ggml_backend_tensor_get", &f.tensorGet},
		{"ggml_backend_buffer_is_host", &f.bufferIsHost},
		{"ggml_backend_buffer_get_type", &f.bufferType},
		{"ggml_backend_buft_get_device", &f.bufferTypeDevice},
		{"ggml_init", &f.ggmlInit},
		{"ggml_free", &f.ggmlFree},
		{"ggml_new_tensor_4d", &f.newTensor},
		{"ggml_set_name", &f.setName},
		{"ggml_mul_mat", &f.matrixMult},
	}
}

// RequiredSymbols names every C symbol that a library must have.
func RequiredSymbols() []string {
	var f functions
	var names []string
	for _, symbol := range f.required() {
		names = append(names, symbol.name)
	}
	return names
}

// bind looks all required symbols up, in the library or those that it links to.
func (f *functions) bind(lib *dylib.Library) error {
	addrs, err := lib.Symbols(RequiredSymbols()...)
	if err != nil {
		return err
	}
	for i, symbol := range f.required() {
		*symbol.addr = addrs[i]
	}
	return nil
}
