/* vectors --vectors FOLDER MODEL SECONDS: the conformance protocol of ../harness.py. */
#include <stdio.h>
#include <time.h>

#include "generator.h"

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
}

/* The content of a file that holds `size` bytes a value, and the number of values; NULL if there is no file. */
static void *read_file(const char *folder, const char *name, size_t size, int64_t *count) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    fseek(file, 0, SEEK_END);
    *count = ftell(file) / size;
    void *data = malloc(*count * size);
    rewind(file);
    if (!data || fread(data, size, *count, file) != (size_t)*count) fail(path, "can't be read");
    fclose(file);
    return data;
}

static Inputs read_inputs(const char *folder) {
    Inputs in = {"seed", NULL, NULL, 0, 1};
    int64_t values;
    in.labels = read_file(folder, "label.i64", sizeof(int64_t), &in.count);
    in.rows = read_file(folder, "seed.i64", sizeof(int64_t), &values);
    if (!in.rows) {
        in.name = "z";
        in.rows = read_file(folder, "z.f32", sizeof(float), &values);
    }
    if (!in.labels || !in.rows) fail(folder, "holds no label.i64 beside z.f32 or seed.i64");
    in.width = values / in.count;
    return in;
}

static void write_images(FILE *file, OrtValue *image) {
    OrtTensorTypeAndShapeInfo *info;
    ONNXTensorElementDataType type;
    size_t count;
    void *data;
    check(ort->GetTensorTypeAndShape(image, &info));
    check(ort->GetTensorElementType(info, &type));
    check(ort->GetTensorShapeElementCount(info, &count));
    check(ort->GetTensorMutableData(image, &data));
    fwrite(data, type == ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT ? sizeof(float) : 1, count, file);
    ort->ReleaseTensorTypeAndShapeInfo(info);
    ort->ReleaseValue(image);
}

/* Images a second, over calls that fill `seconds` after one to warm up. */
static double rate(OrtSession *session, const Inputs *in, int64_t batch, double seconds) {
    ort->ReleaseValue(run(session, in, 0, batch));
    const double started = now();
    double elapsed = 0;
    long calls = 0;
    while (elapsed < seconds || !calls) {
        ort->ReleaseValue(run(session, in, 0, batch));
        calls++;
        elapsed = now() - started;
    }
    return calls * batch / elapsed;
}

int main(int argc, char **argv) {
    if (argc != 5) fail("usage", "vectors --vectors FOLDER MODEL SECONDS");
    const char *folder = argv[2];
    const double seconds = atof(argv[4]);
    const Inputs in = read_inputs(folder);
    char path[4096];
    snprintf(path, sizeof path, "%s/image.raw", folder);

    const double started = now();
    OrtSession *session = load(argv[3]);
    const double loaded = now() - started;
    FILE *file = fopen(path, "wb");
    if (!file) fail(path, "can't be written");
    write_images(file, run(session, &in, 0, 1));
    write_images(file, run(session, &in, 1, in.count - 1));
    if (fclose(file)) fail(path, "can't be written");

    const double single = rate(session, &in, 1, seconds), many = rate(session, &in, 64, seconds);
    printf("{\"runtime\": \"ONNX Runtime %s, C API\", \"load\": %.6f, \"rates\": {\"1\": %.1f, \"64\": %.1f}}\n",
           OrtGetApiBase()->GetVersionString(), loaded, single, many);
    return 0;
}
