"""What the networks beside a generator say, told by what their files take and give."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from pipeline.data.prepared import Prepared
from pipeline.inference import Network
from pipeline.loading import load
from pipeline.places import prepared_dir
from pipeline.scoring.candidates import real
from pipeline.scoring.parts import beside


@pytest.mark.slow
@pytest.mark.parametrize(("name", "output"), [("bigan-mnist", "z"), ("vae-mnist", "mean")])
def test_an_encoder_brings_test_images_back(
    exported: Callable[[str], Path], name: str, output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = exported(name)
    monkeypatch.chdir(folder)
    file, prepared = folder / f"exported/{name}.onnx", Prepared.open(prepared_dir(load().data))
    test = real(prepared, "test", np.arange(30)[::-1])
    returned = beside(Network(file), file, prepared, {"test": test})["returned"]
    encoder, generator = (
        onnxruntime.InferenceSession(path) for path in (file.with_suffix(".parts") / "encoder.onnx", file)
    )
    (z,) = encoder.run([output], {"image": test.images.astype(np.float32) / 127.5 - 1})
    (image,) = generator.run(["image"], {"z": z})
    assert np.abs(returned.images - (image + 1) * 127.5).max() <= 1
    assert returned.labels.tolist() == test.labels.tolist()
