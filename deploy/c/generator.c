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

OrtValue *run(OrtSession *session, const Inputs *in, int64_t from, int64_t count) {
    const int seeded = !strcmp(in->name, "seed");
    const size_t size = in->width * (seeded ? sizeof(int64_t) : sizeof(float));
    const int64_t shape[] = {count, in->width};
    const char *names[] = {in->name, "label"}, *outputs[] = {"image"};
    OrtMemoryInfo *memory;
    OrtValue *values[2], *image = NULL;
    check(ort->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory));
    check(ort->CreateTensorWithDataAsOrtValue(
        memory, (char *)in->rows + from * size, count * size, shape, seeded ? 1 : 2,
        seeded ? ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64 : ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, &values[0]));
    check(ort->CreateTensorWithDataAsOrtValue(memory, in->labels + from, count * sizeof(int64_t), shape, 1,
                                              ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64, &values[1]));
    check(ort->Run(session, NULL, names, (const OrtValue *const *)values, 2, outputs, 1, &image));
    ort->ReleaseValue(values[0]);
    ort->ReleaseValue(values[1]);
    ort->ReleaseMemoryInfo(memory);
    return image;
}
