"""What is told of the networks beside a generator, by what their files take and give."""

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
    returned = beside(Network(file), file, prepared, {"test": test, "floor_part": "train", "seed": 0})[
        "returned"
    ]
    encoder, generator = (
        onnxruntime.InferenceSession(path) for path in (file.with_suffix(".parts") / "encoder.onnx", file)
    )
    (z,) = encoder.run([output], {"image": test.images.astype(np.float32) / 127.5 - 1})
    (image,) = generator.run(["image"], {"z": z})
    assert np.abs(returned.images - (image + 1) * 127.5).max() <= 1
    assert returned.labels.tolist() == test.labels.tolist()


@pytest.mark.slow
def test_an_encoder_gives_points_and_the_categories_that_the_decoder_takes_with_them(
    exported: Callable[[str], Path],
) -> None:
    folder = exported("aae-mnist")
    prepared = Prepared.open(folder / prepared_dir(load(folder / "params.yaml").data))
    file, test = folder / "exported/aae-mnist.onnx", real(prepared, "test", np.arange(300))
    generator, encoder = Network(file), Network(folder / "exported/aae-mnist.parts/encoder.onnx")
    found = beside(generator, file, prepared, {"test": test, "floor_part": "train", "seed": 0})
    posterior = found["posterior"]
    said = encoder.compute({"image": test.images.astype(np.float32) / 127.5 - 1})
    category = said["category"].argmax(1)
    assert (posterior.log_variance, posterior.likelihood) == (None, None)
    np.testing.assert_allclose(posterior.mean, said["z"], atol=1e-5)
    whole = generator.compute({"z": said["z"], "category": category})["image"]
    np.testing.assert_allclose(posterior.decode(posterior.mean), whole, atol=1e-4)
    np.testing.assert_allclose(posterior.decode(posterior.mean[:7]), whole[:7], atol=1e-4)
    assert found["categories"].count == 16
    np.testing.assert_array_equal(found["categories"].test, category)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vae-mnist", ["posterior", "returned"]),
        ("avb-mnist", ["posterior", "returned"]),
        ("infogan-mnist", ["categories"]),
    ],
)
def test_a_posterior_is_of_encoders_that_give_all_that_the_generator_takes(
    exported: Callable[[str], Path], name: str, expected: list[str]
) -> None:
    """AVB's takes noise as well, which is drawn; InfoGAN's reads categories and codes off an image, not z."""
    folder = exported(name)
    prepared = Prepared.open(folder / prepared_dir(load(folder / "params.yaml").data))
    file, test = folder / f"exported/{name}.onnx", real(prepared, "test", np.arange(20))
    found = beside(Network(file), file, prepared, {"test": test, "floor_part": "train", "seed": 0})
    assert list(found) == expected
