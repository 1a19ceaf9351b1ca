"""OpenCV's DNN module from Python: `pip install opencv-python-headless`."""

import cv2
import numpy as np
from harness import Run, main


def load(model: str) -> Run:
    """Open the model; the inputs are given one at a time, by name."""
    net = cv2.dnn.readNetFromONNX(model)

    def run(inputs: dict[str, np.ndarray]) -> np.ndarray:
        for name, rows in inputs.items():
            net.setInput(rows, name)
        return net.forward()

    return run


if __name__ == "__main__":
    main(f"OpenCV {cv2.__version__}", load)
