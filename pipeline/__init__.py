"""Train a GAN, export its generator to ONNX, score the exported file, run it anywhere."""
