/* digit MODEL DIGIT OUT.pgm: draw one digit. */
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "generator.h"

/* One draw from N(0, 1), by Box and Muller. */
static float normal(void) {
    const double radius = sqrt(-2 * log((rand() + 1.0) / (RAND_MAX + 1.0)));
    return radius * cos(2 * acos(-1) * rand() / RAND_MAX);
}

/* Write float32 [1, 1, H, W] in [-1, 1] as a grey picture, 0 is black. */
static void write_pgm(OrtValue *image, const char *out) {
    OrtTensorTypeAndShapeInfo *info;
    int64_t shape[4];
    float *values;
    check(ort->GetTensorTypeAndShape(image, &info));
    check(ort->GetDimensions(info, shape, 4));
    check(ort->GetTensorMutableData(image, (void **)&values));
    FILE *file = fopen(out, "wb");
    if (!file) fail(out, "can't be written");
    fprintf(file, "P5 %d %d 255\n", (int)shape[3], (int)shape[2]);
    for (int i = 0; i < shape[2] * shape[3]; i++) {
        fputc((int)fmin(255, fmax(0, rint((values[i] + 1) * 127.5))), file);
    }
    if (fclose(file)) fail(out, "can't be written");
}

int main(int argc, char **argv) {
    if (argc != 4) fail("usage", "digit MODEL DIGIT OUT.pgm");
    float z[100];
    int64_t digit = atoll(argv[2]);
    srand(time(NULL));
    for (int i = 0; i < 100; i++) z[i] = normal();
    const Inputs in = {{{"z", ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, sizeof(float), {1, 100}, 2, z},
                        {"label", ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64, sizeof(int64_t), {1}, 1, &digit}},
                       2};
    write_pgm(run(load(argv[1]), &in, 0, 1), argv[3]);
    return 0;
}
