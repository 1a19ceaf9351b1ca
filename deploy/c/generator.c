#include "generator.h"

#include <stdio.h>

const OrtApi *ort;

void fail(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

void check(OrtStatus *status) {
    if (status) fail("ONNX Runtime", ort->GetErrorMessage(status));
}

OrtSession *load(const char *model) {
    OrtEnv *env;
    OrtSessionOptions *options;
    OrtSession *session;
    ort = OrtGetApiBase()->GetApi(ORT_API_VERSION);
    if (!ort) fail("ONNX Runtime", "the library is older than its header");
    check(ort->CreateEnv(ORT_LOGGING_LEVEL_ERROR, "digit", &env));
    check(ort->CreateSessionOptions(&options));
    /* Idle threads wait instead of spinning, which starves cores that are shared. */
    check(ort->AddSessionConfigEntry(options, "session.intra_op.allow_spinning", "0"));
    check(ort->CreateSession(env, model, options, &session));
    return session;
}

int64_t width(const Input *input) {
    int64_t values = 1;
    for (size_t i = 1; i < input->rank; i++) values *= input->dims[i];
    return values;
}

OrtValue *run(OrtSession *session, const Inputs *in, int64_t from, int64_t count) {
    const char *names[MOST];
    char *output;
    OrtAllocator *allocator;
    OrtMemoryInfo *memory;
    OrtValue *values[MOST], *made = NULL;
    check(ort->GetAllocatorWithDefaultOptions(&allocator));
    check(ort->SessionGetOutputName(session, 0, allocator, &output));
    check(ort->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory));
    for (size_t i = 0; i < in->count; i++) {
        const Input *input = &in->each[i];
        const size_t row = width(input) * input->size;
        int64_t dims[MOST];
        memcpy(dims, input->dims, sizeof dims);
        dims[0] = count;
        names[i] = input->name;
        check(ort->CreateTensorWithDataAsOrtValue(memory, (char *)input->data + from * row, count * row, dims,
                                                  input->rank, input->type, &values[i]));
    }
    check(ort->Run(session, NULL, names, (const OrtValue *const *)values, in->count, (const char *const *)&output, 1,
                   &made));
    for (size_t i = 0; i < in->count; i++) ort->ReleaseValue(values[i]);
    ort->ReleaseMemoryInfo(memory);
    check(ort->AllocatorFree(allocator, output));
    return made;
}
