"""The copy of a generator that the page loads: weights in float16, half as many bytes to fetch.

    python halve.py exported/cdcgan.onnx dist/model.onnx

Writes the copy and its description (.json). Both state the difference to torch that the copy can have: what
the rounding changed in COMPARED pictures, and what the export had measured before. What the rounding does to
the score is for benchmarks/variants.py to say.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from pipeline.export.half import halved
from pipeline.files import write_bytes, write_json
from pipeline.kinds.shared.noise import latent

COMPARED = 1000


def main(file: Path, copy: Path) -> None:
    """Write the copy of a class-conditional generator, and print its size and its difference."""
    exported, description = onnx.load(file), json.loads(file.with_suffix(".json").read_text())
    model = halved(exported)
    rounding = np.abs(pictures(model, description) - pictures(exported, description)).max()
    description["parity"] = f"{float(description['parity']) + rounding:.1e}"
    next(entry for entry in model.metadata_props if entry.key == "parity").value = description["parity"]
    write_bytes(copy, model.SerializeToString(deterministic=True))
    write_json(copy.with_suffix(".json"), description)
    print(f"{copy}: {copy.stat().st_size:,} bytes, within {description['parity']} of torch")


def pictures(model: onnx.ModelProto, description: dict[str, str]) -> np.ndarray:
    """The images of the seeds from 0, the labels in turn: float32 [COMPARED, C, H, W] in [-1, 1]."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    z = latent(range(COMPARED), int(description["z_dim"]), description["latent"])
    labels = np.arange(COMPARED) % len(json.loads(description["classes"]))
    return session.run(["image"], {"z": z, "label": labels})[0]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
