// A bare loop over libllama: what BenchmarkOverhead holds assay against. It
// does what llama-bench does and nothing else, without headers: the parameter
// structs are larger than any release's, and their fields are set at the byte
// offsets of v0.5.0 (llama.h), the release that assay pins.
//
//   bareloop LIBDIR SUFFIX MODEL THREADS N_PROMPT N_GEN REPS
//
// prints the nanoseconds of each repetition, one a line.
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct { char b[512]; } params;
typedef struct { int32_t n_tokens; void *token, *embd, *pos, *n_seq_id, *seq_id, *logits; } batch;

static void *need(void *lib, const char *name) {
    void *f = dlsym(lib, name);
    if (!f) { fprintf(stderr, "no symbol %s\n", name); exit(1); }
    return f;
}

static void *open_lib(const char *dir, const char *stem, const char *suffix) {
    char path[4096];
    snprintf(path, sizeof path, "%s/lib%s%s", dir, stem, suffix);
    void *lib = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
    if (!lib) { fprintf(stderr, "%s\n", dlerror()); exit(1); }
    return lib;
}

static void quiet(int level, const char *text, void *data) { (void)level, (void)text, (void)data; }

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void set32(params *p, int at, int32_t v) { memcpy(p->b + at, &v, 4); }

int main(int argc, char **argv) {
    if (argc != 8) { fprintf(stderr, "usage: bareloop LIBDIR SUFFIX MODEL THREADS N_PROMPT N_GEN REPS\n"); return 2; }
    int threads = atoi(argv[4]), prompt = atoi(argv[5]), gen = atoi(argv[6]), reps = atoi(argv[7]);
    void *base = open_lib(argv[1], "ggml-base", ".so"), *ggml = open_lib(argv[1], "ggml", argv[2]), *llama = open_lib(argv[1], "llama", argv[2]);
    (void)base;
    ((void (*)(void (*)(int, const char *, void *), void *))need(llama, "llama_log_set"))(quiet, 0);
    ((void (*)(const char *))need(ggml, "ggml_backend_load_all_from_path"))(argv[1]);
    params mp = ((params(*)(void))need(llama, "llama_model_default_params"))();
    void *model = ((void *(*)(const char *, params))need(llama, "llama_model_load_from_file"))(argv[3], mp);
    params cp = ((params(*)(void))need(llama, "llama_context_default_params"))();
    set32(&cp, 0, prompt + gen); // n_ctx
    set32(&cp, 4, 2048);         // n_batch
    set32(&cp, 8, 512);          // n_ubatch
    set32(&cp, 28, threads);     // n_threads
    set32(&cp, 32, threads);     // n_threads_batch
    void *ctx = ((void *(*)(void *, params))need(llama, "llama_init_from_model"))(model, cp);
    if (!model || !ctx) { fprintf(stderr, "the model or its context could not be made\n"); return 1; }
    void *memory = ((void *(*)(void *))need(llama, "llama_get_memory"))(ctx);
    void (*clear)(void *, _Bool) = need(llama, "llama_memory_clear");
    int32_t (*decode)(void *, batch) = need(llama, "llama_decode");
    void (*synchronize)(void *) = need(llama, "llama_synchronize");
    const void *vocab = ((void *(*)(void *))need(llama, "llama_model_get_vocab"))(model);
    int n_vocab = ((int (*)(const void *))need(llama, "llama_vocab_n_tokens"))(vocab);
    int32_t *tokens = malloc(sizeof(int32_t) * (prompt + gen + 1));
    for (int i = 0; i < prompt + gen; i++) tokens[i] = rand() % n_vocab;
    for (int rep = -1; rep < reps; rep++) {
        int steps = rep < 0 && gen > 1 ? 1 : gen; // the warm-up: a whole prompt, one token
        clear(memory, 0);
        int64_t start = now();
        if (prompt > 0) {
            batch b = {prompt, tokens, 0, 0, 0, 0, 0};
            if (decode(ctx, b)) return 1;
            synchronize(ctx);
        }
        for (int i = 0; i < steps; i++) {
            batch b = {1, tokens + prompt + i, 0, 0, 0, 0, 0};
            if (decode(ctx, b)) return 1;
            synchronize(ctx);
        }
        if (rep >= 0) printf("%lld\n", (long long)(now() - start));
    }
    return 0;
}
