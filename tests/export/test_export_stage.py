"""The export stage: every core system, trained briefly, becomes a file that keeps the contract."""

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
from pipeline.inference import Generator, Network
from pipeline.inference.contract.inputs import Given, examples
from pipeline.loading import load
from pipeline.params import Params
from pipeline.places import exported_file, prepared_dir
from stages import export as export_stage
from tests.building import build
from tests.conftest import PRESETS, SEARCHED, VOLUMES, tiny, without_search

Project = Callable[[dict[str, Any]], Params]
Exported = Callable[[str], Path]
FILE = Path("exported/cdcgan.onnx")
FILES = {"cdcgan.onnx", "cdcgan.seeded.onnx", "cdcgan.json", "cdcgan.parts"}


@pytest.fixture
def copied(project: Project, exported: Exported, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Params]:
    """Make the working folder a copy of a project whose generator was exported, to export there once more."""

    def make(name: str) -> Params:
        params = project(tiny(name))
        without_search(monkeypatch)
        for part in ("models", "exported"):
            shutil.copytree(exported(name) / part, part)
        return params

    return make


@pytest.mark.slow
@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_trains(trained: Callable[[str], Path], name: str) -> None:
    assert list((trained(name) / "models" / name / "shipped").glob("*.safetensors"))


# of the presets whose networks are the same, one: what they ship is the same graph
OF_A_KIND = {json.dumps([tiny(name)["model"], tiny(name)["data"]["channels"]]): name for name in PRESETS}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({*OF_A_KIND.values(), *SEARCHED}))
def test_every_kind_of_network_exports(exported: Exported, name: str) -> None:
    folder = exported(name)
    params = load(folder / "params.yaml")
    generator = Network(folder / exported_file(params), device="cpu")
    data = Prepared.open(folder / prepared_dir(params.data))
    assert generator.description.conditional == params.model.conditional
    about = generator.description
    assert about.outputs[about.picture].shape == data.fields["images"].shape
    (pictures,) = generator.pictures([0, 1], Given(examples(about, [0, 1])))
    channels, *sides = about.image_shape
    assert pictures.shape == (2, *sides, channels)
    assert about.image_shape == data.fields["images"].shape or params.data.dataset in VOLUMES


@pytest.mark.slow
def test_the_file_draws_what_the_trained_generator_draws(exported: Exported) -> None:
    folder = exported("cdcgan")
    params = load(folder / "params.yaml")
    model = build(params, 1, 10)
    model.generator.load_state_dict(load_file(folder / "models/cdcgan/shipped/generator.safetensors"))
    z = torch.randn(20, params.model.z_dim, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(20) % 10
    with torch.no_grad():
        expected = model.eval().sample(z, labels)
    images = Generator(folder / FILE, device="cpu").run(z.numpy(), labels.numpy())
    np.testing.assert_allclose(images, expected, atol=1e-5)


@pytest.mark.slow
def test_the_file_is_portable_and_says_what_it_is(exported: Exported) -> None:
    folder = exported("cdcgan")
    path = folder / FILE
    model = onnx.load(path)
    assert (model.ir_version, model.opset_import[0].version) == (8, 17)
    assert [value.name for value in model.graph.input] == ["z", "label"]
    assert [value.name for value in model.graph.output] == ["image"]
    assert "BatchNormalization" not in {node.op_type for node in model.graph.node}
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    description = json.loads(path.with_suffix(".json").read_text())
    assert metadata.items() <= description.items()
    assert metadata["params_hash"] == load(folder / "params.yaml").fingerprint()
    assert float(metadata["parity"]) < 1e-4
    # nothing of this machine: no path, no stack trace
    assert str(folder).encode() not in path.read_bytes()
    assert b"site-packages" not in path.read_bytes()


@pytest.mark.slow
def test_exporting_twice_gives_the_same_bytes(copied: Callable[[str], Params], exported: Exported) -> None:
    export_stage.main(copied("cdcgan-classic"))
    path = Path("exported/cdcgan-classic.onnx")
    assert path.read_bytes() == (exported("cdcgan-classic") / path).read_bytes()


@pytest.mark.slow
def test_a_file_that_differs_from_torch_does_not_appear(
    copied: Callable[[str], Params], monkeypatch: pytest.MonkeyPatch
) -> None:
    params = copied("cdcgan")
    good = FILE.read_bytes()
    monkeypatch.setattr(to_onnx, "TOLERANCE", 0.0)
    with pytest.raises(RunError, match="ONNX Runtime and torch differ by"):
        export_stage.main(params)
    assert FILE.read_bytes() == good
    assert {file.name for file in FILE.parent.iterdir()} == FILES


@pytest.mark.slow
def test_nothing_is_replaced_where_the_seeded_file_is_wrong(
    copied: Callable[[str], Params], monkeypatch: pytest.MonkeyPatch
) -> None:
    params, folder = copied("cdcgan"), FILE.parent
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
def test_the_seeded_file_draws_the_bytes_of_the_plain_one(exported: Exported) -> None:
    path = exported("cdcgan") / FILE
    seeded = onnxruntime.InferenceSession(path.with_suffix(".seeded.onnx"))
    seeds, labels = np.arange(20) * 77, np.arange(20) % 10
    (images,) = seeded.run(["image"], {"seed": seeds, "label": labels})
    assert np.array_equal(images, Generator(path, device="cpu").sample(labels, seeds))
