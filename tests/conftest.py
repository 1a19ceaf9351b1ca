"""A project in a temporary folder: a preset made tiny, and digits prepared in its size."""

import functools
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

# before NumPy and torch are loaded: beside each other, two processes of two threads each starve
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
from filelock import FileLock
from ruamel.yaml import YAML

from pipeline.data import shapes, spoken
from pipeline.data.prepare import prepare
from pipeline.datasets import download
from pipeline.loading import load
from pipeline.params import DataParams, Params
from pipeline.places import prepared_dir, raw_dir

ROOT = Path(__file__).parents[1]
PRESETS = sorted(path.stem for path in (ROOT / "presets").glob("*.yaml"))

# what stands for a data set that is not the bundled digits
BUNDLED = {
    "digits_negatives": "digits_negatives",
    "mnist_edges": "digits_negatives",
    "mnist_digits": "digits_negatives",
    "fonts_mnist": "digits_negatives",
    "edge_pairs": "edge_pairs",
    "grey_pairs": "grey_pairs",
    "paired_folder": "edge_pairs",
    "small_pairs": "small_pairs",
    "hole_pairs": "hole_pairs",
    "caption_pairs": "caption_pairs",
    "box_pairs": "box_pairs",
    "voxels": "voxels",
    "silhouettes": "silhouettes",
    "spoken_digits": "spoken_digits",
}
VOLUMES = ("voxels", "silhouettes")  # data sets of them
COLOURED = ("box_pairs", "caption_pairs", "celeba", "cifar10", "grey_pairs")
LARGEST = 32  # pixels a side
# whose generators are exported with their search
SEARCHED = ("aae-mnist", "cdcgan", "cogan-mnist", "gan-mnist", "infogan-mnist", "vae-mnist")
# what makes any preset train in a second on two cores
SMALL_MODEL = {
    "width": 4,
    "widest": 8,
    "generator_width": 4,
    "discriminator_width": 4,
    "loss_width": 4,
    "text_width": 8,
    "condition_width": 8,
    "encoder_width": 4,
    "bottleneck": 16,
    "generator_widths": [16, 16],
    "discriminator_widths": [16, 16],
    "hidden": 16,
    "blocks": 1,
    "pool": 240,
}
SMALL_TRAIN = {"epochs": 1, "batch": 240, "log_every": 2, "pictures": 2, "checkpoints": 2, "device": "cpu"}


def preset(name: str) -> dict[str, Any]:
    """The content of one preset."""
    return YAML(typ="safe").load(ROOT / "presets" / f"{name}.yaml")


def tiny(name: str) -> dict[str, Any]:
    """A preset with small networks, a short run, and the bundled digits for data."""
    content = preset(name)
    channels = 3 if content["data"]["dataset"] in COLOURED else 1
    dataset = BUNDLED.get(content["data"]["dataset"], "digits")
    content["data"] |= {
        "dataset": dataset,
        "path": "digits" if dataset.endswith("pairs") else None,
        "size": min(content["data"]["size"], LARGEST),
        "channels": channels,
        "test_fraction": None if dataset in (*VOLUMES, "spoken_digits") else 0.2,
        "set_aside": 0,
        "pictures": None,
    }
    content["model"] |= {key: value for key, value in SMALL_MODEL.items() if key in content["model"]}
    if content["model"]["kind"] in ("lapgan", "progressive"):  # several levels as at 32, for less
        content["data"]["size"] = 16
    if content["model"]["kind"] == "progressive":  # the norm of four maps magnifies how runtimes round
        content["model"] |= {"z_dim": 32, "width": 12}
    content["train"] |= SMALL_TRAIN
    content["tracking"]["enabled"] = False
    return content


def write_params(content: dict[str, Any], folder: Path) -> Params:
    """Write `content` as folder/params.yaml (JSON is YAML) and load it."""
    path = folder / "params.yaml"
    path.write_text(json.dumps(content))
    return load(path)


@pytest.fixture(scope="session", autouse=True)
def _one_registry() -> Iterator[None]:
    """The exporter collects its operators once, not for each of a hundred networks: a second each."""
    from torch.onnx._internal.exporter._registration import ONNXRegistry  # late: only here

    with pytest.MonkeyPatch.context() as patch:
        once_each = staticmethod(functools.cache(ONNXRegistry.from_torchlib))
        patch.setattr(ONNXRegistry, "from_torchlib", once_each)
        yield


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of a test run share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def once(done: Path, make: Callable[[], object]) -> None:
    """Call `make` in the folder in which it makes `done`, unless that is there; one worker at a time."""
    done.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{done}.lock"), pytest.MonkeyPatch.context() as patch:
        patch.chdir(done.parent)
        if not done.exists():
            make()


@pytest.fixture(scope="session")
def prepared_digits(shared: Path) -> Callable[[DataParams], Path]:
    """Digits as the data stages prepare them; each size is made once for all tests."""

    def make(data: DataParams) -> Path:
        name = f"{data.dataset}-{data.size}-{data.channels}-{data.test_fraction}-{data.set_aside}"
        raw, target = shared / raw_dir(data), shared / "prepared" / name
        with pytest.MonkeyPatch.context() as patch:
            in_tones(patch)
            once(raw, lambda: download(data, raw))
            patch.setattr(shapes, "COUNTS", {"train": 720, "test": 180})  # three steps' worth
            once(target, lambda: prepare(data, raw, target))
        return target

    return make


def in_tones(patch: pytest.MonkeyPatch) -> None:
    """Have words spoken without espeak-ng and flite: each is a tone; 720 to train on, 180 to test on."""

    def said(voice: spoken.Voice, word: str, pitch: str, speed: str, folder: Path) -> np.ndarray:
        length = round(2000 * float(speed))
        hertz = 300 * (1 + spoken.WORDS.index(word)) + int(pitch) / 2 + 5 * int(voice.name)
        return np.rint(2**14 * np.sin(2 * np.pi * hertz / spoken.RATE * np.arange(length))).astype(np.int16)

    voices = [spoken.Voice("flite", str(each), "train" if each < 8 else "test") for each in range(10)]
    patch.setattr(spoken, "VOICES", voices)
    patch.setattr(spoken, "said", said)


def begin(folder: Path, content: dict[str, Any], prepared: Callable[[DataParams], Path]) -> Params:
    """Make `folder` a project of that params.yaml, with its data."""
    params = write_params(content, folder)
    target = folder / prepared_dir(params.data)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    target.symlink_to(prepared(params.data))
    return params


@pytest.fixture
def project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prepared_digits: Callable[[DataParams], Path]
) -> Callable[[dict[str, Any]], Params]:
    """Call it with the content of a params.yaml: the working folder is then a project with that data."""
    monkeypatch.chdir(tmp_path)
    return lambda content: begin(tmp_path, content, prepared_digits)


@pytest.fixture(scope="session")
def trained(shared: Path, prepared_digits: Callable[[DataParams], Path]) -> Callable[[str], Path]:
    """trained("cdcgan") is a project in which that preset was trained, tiny and undisturbed.

    Once for all tests: look, don't touch, and ask for it before anything is patched.
    """
    from stages import train  # late: most tests do without

    def make(name: str) -> Path:
        folder = shared / "trained" / name
        once(folder / "models", lambda: train.main(begin(folder, tiny(name), prepared_digits)))
        return folder

    return make


def without_search(patch: pytest.MonkeyPatch) -> None:
    """Export generators without their search, which takes as long as all else."""
    patch.setattr("pipeline.export.files.searching", lambda _: None)


@pytest.fixture(scope="session")
def exported(trained: Callable[[str], Path]) -> Callable[[str], Path]:
    """The same projects, with the generator exported."""
    from stages import export

    def exporting(name: str) -> None:
        with pytest.MonkeyPatch.context() as patch:
            if name not in SEARCHED:
                without_search(patch)
            export.main(load())

    def make(name: str) -> Path:
        folder = trained(name)
        once(folder / "exported", lambda: exporting(name))
        return folder

    return make


RUN_STAGE = "import runpy; runpy.run_module('stages.{stage}', run_name='__main__')"


@pytest.fixture(scope="session")
def server() -> Iterator[Any]:
    """Starts processes that have the libraries loaded, so that a test can afford dozens of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(
            [
                *("pipeline.training.run", "pipeline.export.to_onnx", "pipeline.scoring.protocol"),
                *("matplotlib.style", "matplotlib.backends.backend_agg", "scipy.ndimage"),
            ]
        )
        yield context


@pytest.fixture
def start_stage(server: Any) -> Iterator[Callable[..., BaseProcess]]:
    """Start a stage as a process of its own in the working folder: start_stage("train")."""

    def start(name: str, code: str = RUN_STAGE, **values: int) -> BaseProcess:
        process = server.Process(target=exec, args=(code.format(stage=name, **values), {}), daemon=True)
        process.start()
        return process

    yield start
    for process in multiprocessing.active_children():
        process.kill()


def ended(process: BaseProcess) -> int:
    """The exit code; negative: the signal that ended it."""
    process.join(120)
    return process.exitcode
