/* An exported generator, opened with ONNX Runtime's C API. An error ends the program with one line. */
#include "onnxruntime_c_api.h"

extern const OrtApi *ort;

typedef struct {
    const char *name; /* "z" (float32) or "seed" (int64): what the model draws from, beside the label */
    void *rows;
    int64_t *labels;
    int64_t count, width; /* rows; values a row */
} Inputs;

OrtSession *load(const char *model);

/* Run rows [from, from + count) of `in`: images, float32 [count, C, H, W] for z. The caller releases them. */
OrtValue *run(OrtSession *session, const Inputs *in, int64_t from, int64_t count);

void fail(const char *what, const char *why);
void check(OrtStatus *status);
