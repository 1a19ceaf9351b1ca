/* vectors --vectors FOLDER MODEL SECONDS: the conformance protocol of ../harness.py. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "generator.h"

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
}

/* FOLDER/NAME.raw, of so many bytes. */
static void *read_values(const char *folder, const char *name, size_t size) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.raw", folder, name);
    FILE *file = fopen(path, "rb");
    void *data = malloc(size);
    if (!file || !data || fread(data, 1, size, file) != size) fail(path, "can't be read");
    fclose(file);
    return data;
}

/* One line of inputs.txt, such as "z float32 70 100". */
static Input read_input(const char *folder, char *line) {
    Input in = {.rank = 0};
    const char *name = strtok(line, " \n"), *type = strtok(NULL, " \n");
    if (!name || !type || strlen(name) >= sizeof in.name) fail(folder, "inputs.txt can't be read");
    strcpy(in.name, name);
    const struct { const char *name; ONNXTensorElementDataType type; size_t size; } types[] = {
        {"float32", ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, sizeof(float)},
        {"int64", ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64, sizeof(int64_t)},
        {"uint8", ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8, sizeof(uint8_t)},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (!strcmp(type, types[i].name)) in.type = types[i].type, in.size = types[i].size;
    }
    if (!in.size) fail(type, "is no type of an input");
    for (const char *word; (word = strtok(NULL, " \n")) && in.rank < MOST;) in.dims[in.rank++] = atoll(word);
    in.data = read_values(folder, in.name, in.dims[0] * width(&in) * in.size);
    return in;
}

static Inputs read_inputs(const char *folder) {
    char path[4096], line[4096];
    snprintf(path, sizeof path, "%s/inputs.txt", folder);
    FILE *file = fopen(path, "r");
    if (!file) fail(path, "can't be read");
    Inputs in = {.count = 0};
    while (in.count < MOST && fgets(line, sizeof line, file)) in.each[in.count++] = read_input(folder, line);
    fclose(file);
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
    snprintf(path, sizeof path, "%s/made.raw", folder);

    const double started = now();
    OrtSession *session = load(argv[3]);
    const double loaded = now() - started;
    FILE *file = fopen(path, "wb");
    if (!file) fail(path, "can't be written");
    write_images(file, run(session, &in, 0, 1));
    write_images(file, run(session, &in, 1, in.each[0].dims[0] - 1));
    if (fclose(file)) fail(path, "can't be written");

    const double single = rate(session, &in, 1, seconds), many = rate(session, &in, 64, seconds);
    printf("{\"runtime\": \"ONNX Runtime %s, C API\", \"load\": %.6f, \"rates\": {\"1\": %.1f, \"64\": %.1f}}\n",
           OrtGetApiBase()->GetVersionString(), loaded, single, many);
    return 0;
}
