"""OpenVINO from Python: `pip install openvino`."""

import openvino
from harness import Run, main


def load(model: str) -> Run:
    """Compile the model in float32: by itself OpenVINO computes in bfloat16 where the CPU can."""
    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda inputs: compiled(inputs)[0].copy()  # the next call reuses the result's memory


if __name__ == "__main__":
    main(f"OpenVINO {openvino.__version__.partition('-')[0]}", load)
