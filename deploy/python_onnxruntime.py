"""ONNX Runtime from Python: `pip install onnxruntime` (1.16 and newer)."""

import onnxruntime
from harness import Run, main


def load(model: str) -> Run:
    """Open the model; idle threads wait instead of spinning, which starves cores that are shared."""
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return lambda inputs: session.run(None, inputs)[0]


if __name__ == "__main__":
    main(f"ONNX Runtime {onnxruntime.__version__}", load)
