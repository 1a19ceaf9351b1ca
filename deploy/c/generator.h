/* An exported network, opened with ONNX Runtime's C API. An error ends the program with one line. */
#include "onnxruntime_c_api.h"

#define MOST 8 /* inputs, and dimensions of one */

extern const OrtApi *ort;

typedef struct {
    char name[64];
    ONNXTensorElementDataType type;
    size_t size; /* bytes a value */
    int64_t dims[MOST]; /* rows first */
    size_t rank;
    void *data;
} Input;

typedef struct {
    Input each[MOST];
    size_t count;
} Inputs;

OrtSession *load(const char *model);

/* Run rows [from, from + count) of every input: the first output, float32 [count, C, H, W] of noise. The caller
   releases it. */
OrtValue *run(OrtSession *session, const Inputs *in, int64_t from, int64_t count);

/* Values a row. */
int64_t width(const Input *input);

void fail(const char *what, const char *why);
void check(OrtStatus *status);
