"""tract, a runtime in Rust, through its Python package: `pip install tract`."""

import tract
from harness import Run, main


def load(model: str) -> Run:
    """Open and optimise the model; inputs go in the model's order."""
    runnable = tract.onnx().load(model).into_model().into_runnable()
    return lambda inputs: runnable.run(list(inputs.values()))[0].to_numpy()


if __name__ == "__main__":
    main(f"tract {tract.version()}", load)
