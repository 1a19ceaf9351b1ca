"""The export stage: every core system, trained briefly, becomes a file that keeps the contract."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from safetensors.torch import load_file

from pipeline.data.prepared import Prepared
from pipeline.errors import RunError
from pipeline.export import files as export_files
from pipeline.export import to_onnx
from pipeline.inference import Generator
from pipeline.params import Params
from pipeline.places import prepared_dir
from stages import export as export_stage
from stages import train as train_stage
from tests.building import build
from tests.conftest import PRESETS, tiny

Project = Callable[[dict[str, Any]], Params]
Exported = Callable[[Params], Path]
FILES = {"cdcgan.onnx", "cdcgan.seeded.onnx", "cdcgan.json", "cdcgan.parts"}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """Train and export in the working folder; what this was done for before is copied from there."""
    folder = tmp_path_factory.mktemp("exported")

    def make(params: Params) -> Path:
        done = folder / hashlib.sha256(params.model_dump_json().encode()).hexdigest()
        if not done.exists():
            train_stage.main(params)
            export_stage.main(params)
            for name in ("models", "exported"):
                shutil.copytree(name, done / name)
        for name in ("models", "exported"):
            shutil.copytree(done / name, name, dirs_exist_ok=True)
        return Path("exported") / f"{params.name}.onnx"

    return make


@pytest.mark.slow
@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_trains_and_exports(project: Project, exported: Exported, name: str) -> None:
    params = project(tiny(name))
    path = exported(params)
    generator = Generator(path, device="cpu")
    data = Prepared.open(prepared_dir(params.data))
    assert generator.description.conditional == params.model.conditional
    assert generator.description.image_shape == (data.channels, params.data.size, params.data.size)
    labels = [3, 7] if params.model.conditional else None
    assert generator.sample(labels, [0, 1]).shape == (2, params.data.size, params.data.size, data.channels)


@pytest.mark.slow
def test_the_file_draws_what_the_trained_generator_draws(project: Project, exported: Exported) -> None:
    params = project(tiny("cdcgan"))
    path = exported(params)
    model = build(params, 1, 10)
    model.generator.load_state_dict(load_file("models/cdcgan/shipped/generator.safetensors"))
    z = torch.randn(20, params.model.z_dim, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(20) % 10
    with torch.no_grad():
        expected = model.eval().sample(z, labels)
    images = Generator(path, device="cpu").run(z.numpy(), labels.numpy())
    np.testing.assert_allclose(images, expected, atol=1e-5)


@pytest.mark.slow
def test_the_file_is_portable_and_says_what_it_is(project: Project, exported: Exported) -> None:
    params = project(tiny("cdcgan"))
    path = exported(params)
    model = onnx.load(path)
    assert (model.ir_version, model.opset_import[0].version) == (8, 17)
    assert [value.name for value in model.graph.input] == ["z", "label"]
    assert [value.name for value in model.graph.output] == ["image"]
    assert "BatchNormalization" not in {node.op_type for node in model.graph.node}
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    description = json.loads(path.with_suffix(".json").read_text())
    assert metadata.items() <= description.items()
    assert metadata["params_hash"] == params.fingerprint()
    assert float(metadata["parity"]) < 1e-4
    # nothing of this machine: no path, no stack trace
    assert str(Path.cwd()).encode() not in path.read_bytes()
    assert b"site-packages" not in path.read_bytes()


@pytest.mark.slow
def test_exporting_twice_gives_the_same_bytes(project: Project, exported: Exported) -> None:
    params = project(tiny("cdcgan-classic"))
    path = exported(params)
    first = hashlib.sha256(path.read_bytes()).hexdigest()
    export_stage.main(params)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == first


@pytest.mark.slow
def test_a_file_that_differs_from_torch_does_not_appear(
    project: Project, exported: Exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = project(tiny("cdcgan"))
    path = exported(params)
    good = path.read_bytes()
    monkeypatch.setattr(to_onnx, "TOLERANCE", 0.0)
    with pytest.raises(RunError, match="ONNX Runtime and torch differ by"):
        export_stage.main(params)
    assert path.read_bytes() == good
    assert {file.name for file in path.parent.iterdir()} == FILES


@pytest.mark.slow
def test_nothing_is_replaced_where_the_seeded_file_is_wrong(
    project: Project, exported: Exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = project(tiny("cdcgan"))
    folder = exported(params).parent
    assert {file.name for file in folder.iterdir()} == FILES
    shutil.rmtree(folder / "cdcgan.parts")
    for name in FILES:
        (folder / name).write_text("good")

    def fail(*_: object) -> None:
        raise RunError("the seeded graph draws another image than the plain one, at batch 1")

    monkeypatch.setattr(export_files, "check", fail)
    with pytest.raises(RunError, match="another image than the plain one"):
        export_stage.main(params)
    assert {file.name: file.read_text() for file in folder.iterdir()} == dict.fromkeys(FILES, "good")


@pytest.mark.slow
def test_the_seeded_file_draws_the_bytes_of_the_plain_one(project: Project, exported: Exported) -> None:
    path = exported(project(tiny("cdcgan")))
    seeded = onnxruntime.InferenceSession(path.with_suffix(".seeded.onnx"))
    seeds, labels = np.arange(20) * 77, np.arange(20) % 10
    (images,) = seeded.run(["image"], {"seed": seeds, "label": labels})
    assert np.array_equal(images, Generator(path, device="cpu").sample(labels, seeds))
