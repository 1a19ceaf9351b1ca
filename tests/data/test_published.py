"""mnist, fashion_mnist, cifar10 and celeba from small files made here, and the real MNIST."""

import gzip
import hashlib
import io
import pickle
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.data._torchvision import torchvision
from pipeline.data.prepare import prepare
from pipeline.data.prepared import Prepared
from pipeline.datasets import download
from pipeline.errors import RunError, UserError
from pipeline.loading import load
from stages import download as download_stage
from stages import preprocess
from tests.conftest import preset, write_params

RANDOM = np.random.default_rng(0)


def idx_gz(array: np.ndarray) -> bytes:
    """The bytes of a gzip IDX file of a uint8 array."""
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
    return gzip.compress(header + array.tobytes())


def md5_of(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "mirror"
    folder.mkdir()
    monkeypatch.setenv("GAN_DATA_MIRROR", str(folder))
    return folder


@pytest.mark.parametrize(("dataset", "kind"), [("mnist", "MNIST"), ("fashion_mnist", "FashionMNIST")])
def test_idx_files(tmp_path, mirror, monkeypatch, data, dataset, kind):
    arrays = {
        "train-images-idx3-ubyte.gz": RANDOM.integers(0, 256, (30, 28, 28)).astype(np.uint8),
        "train-labels-idx1-ubyte.gz": RANDOM.integers(0, 10, 30).astype(np.uint8),
        "t10k-images-idx3-ubyte.gz": RANDOM.integers(0, 256, (20, 28, 28)).astype(np.uint8),
        "t10k-labels-idx1-ubyte.gz": RANDOM.integers(0, 10, 20).astype(np.uint8),
    }
    for name, array in arrays.items():
        (mirror / name).write_bytes(idx_gz(array))
    known = getattr(torchvision.datasets, kind)
    assert [name for name, _ in known.resources] == list(arrays)
    monkeypatch.setattr(known, "resources", [(name, md5_of((mirror / name).read_bytes())) for name in arrays])

    params = data(dataset, size=28)
    download(params, tmp_path / "raw")
    prepared = prepare(params, tmp_path / "raw", tmp_path / "prepared")

    assert np.array_equal(prepared.images("train")[:, 0], arrays["train-images-idx3-ubyte.gz"])
    assert np.array_equal(prepared.images("test")[:, 0], arrays["t10k-images-idx3-ubyte.gz"])
    assert np.array_equal(prepared.labels("train"), arrays["train-labels-idx1-ubyte.gz"])
    assert np.array_equal(prepared.labels("test"), arrays["t10k-labels-idx1-ubyte.gz"])
    assert len(prepared.classes) == 10
    assert prepared.classes[3] == {"mnist": "3", "fashion_mnist": "Dress"}[dataset]


def test_cifar10(tmp_path, mirror, monkeypatch, data):
    pixels = RANDOM.integers(0, 256, (4, 3072)).astype(np.uint8)
    members = {
        "data_batch_1": {"data": pixels[:3], "labels": [2, 0, 1]},
        "test_batch": {"data": pixels[3:], "labels": [1]},
        "batches.meta": {"label_names": ["airplane", "automobile", "bird"]},
    }
    content = {name: pickle.dumps(member) for name, member in members.items()}
    archive = mirror / "cifar-10-python.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, body in content.items():
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
    md5 = {name: md5_of(body) for name, body in content.items()}
    cifar = torchvision.datasets.CIFAR10
    monkeypatch.setattr(cifar, "tgz_md5", md5_of(archive.read_bytes()))
    monkeypatch.setattr(cifar, "train_list", [["data_batch_1", md5["data_batch_1"]]])
    monkeypatch.setattr(cifar, "test_list", [["test_batch", md5["test_batch"]]])
    monkeypatch.setattr(cifar, "meta", cifar.meta | {"md5": md5["batches.meta"]})

    params = data("cifar10", size=32)
    download(params, tmp_path / "raw")
    prepared = prepare(params, tmp_path / "raw", tmp_path / "prepared")

    assert np.array_equal(prepared.images("train"), pixels[:3].reshape(3, 3, 32, 32))
    assert np.array_equal(prepared.images("test"), pixels[3:].reshape(1, 3, 32, 32))
    assert prepared.labels("train").tolist() == [2, 0, 1]
    assert prepared.classes == ["airplane", "automobile", "bird"]
    assert prepared.counts["train"] == {"total": 3, "per_class": {"airplane": 1, "automobile": 1, "bird": 1}}


# the real list: 162,770 faces of split 0, to train on, then 19,867 of 1 and 19,962 of 2, the test
SPLITS = [0] * 24 + [1] * 4 + [2] * 20
FACES = {f"{row:06}.jpg": (split, (5 * row, 250 - 5 * row, 90)) for row, split in enumerate(SPLITS, 1)}


def face(colour: tuple[int, int, int]) -> bytes:
    """A JPEG of the real size, 178x218: one colour, and white above and below the centre square."""
    picture, content = Image.new("RGB", (178, 218), "white"), io.BytesIO()
    picture.paste(colour, (0, 16, 178, 208))
    picture.save(content, "JPEG", quality=95)
    return content.getvalue()


@pytest.fixture
def celeba(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mirror with files laid out as the real download, and their checksums in place of the real ones'.

    The archive holds an entry for its folder, and the faces in another order than the list.
    """
    with zipfile.ZipFile(mirror / "img_align_celeba.zip", "w") as archive:
        archive.writestr("img_align_celeba/", b"")
        for name, (_, colour) in reversed(FACES.items()):
            archive.writestr(f"img_align_celeba/{name}", face(colour))
    lines = "".join(f"{name} {split}\n" for name, (split, _) in FACES.items())
    (mirror / "list_eval_partition.txt").write_text(lines)
    real = {name for _, _, name in torchvision.datasets.CelebA.file_list}
    here = [("", md5_of(path.read_bytes()), path.name) for path in mirror.iterdir()]
    assert real >= {name for _, _, name in here}
    monkeypatch.setattr(torchvision.datasets.CelebA, "file_list", here)
    return mirror


@pytest.fixture
def celeba_project(tmp_path: Path, celeba: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose data set it is, at 16 pixels."""
    folder = tmp_path / "project"
    folder.mkdir()
    content = preset("dcgan-celeba")
    content["data"] |= {"size": 16, "set_aside": 0}
    content["train"]["batch"] = 4
    write_params(content, folder)
    monkeypatch.chdir(folder)
    return folder


def test_celeba_through_the_stages(celeba_project: Path) -> None:
    download_stage.main()
    preprocess.main(load())
    prepared = Prepared.open(celeba_project / "data/prepared/celeba-16")
    assert prepared.classes == []
    for part, split in (("train", 0), ("test", 2)):  # those of split 1 are left out
        colours = np.array([colour for each, colour in FACES.values() if each == split])
        assert prepared.images(part).shape == (len(colours), 3, 16, 16)
        assert not prepared.labels(part).any()
        # the centre square alone, in the order of the list
        assert np.abs(prepared.images(part) - colours[:, :, None, None]).max() <= 6


@pytest.mark.parametrize("name", ["img_align_celeba.zip", "list_eval_partition.txt"])
def test_celeba_that_is_cut_short_is_not_taken(celeba: Path, celeba_project: Path, name: str) -> None:
    content = (celeba / name).read_bytes()
    (celeba / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(RunError, match=rf"{name} can't be had .*damaged or cut short"):
        download_stage.main()
    with pytest.raises(UserError, match="is missing or damaged: run"):
        preprocess.main(load())
    assert not (celeba_project / "data/prepared/celeba-16").exists()


def test_celeba_without_a_mirror_says_what_to_do(tmp_path, data):
    with pytest.raises(RunError, match=r"no public mirror.*GAN_DATA_MIRROR.*list_eval_partition\.txt"):
        download(data("celeba", size=64), tmp_path / "raw")


def test_originals_that_are_not_there_or_damaged(tmp_path, data):
    for content in (None, b"not gzip"):
        if content:
            (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(content)
        with pytest.raises(UserError, match=r"train-images-idx3-ubyte\.gz is missing or damaged: run"):
            prepare(data("mnist"), tmp_path, tmp_path / "prepared")
        assert not (tmp_path / "prepared").exists()


@pytest.mark.slow
@pytest.mark.parametrize("size", [28, 32])
def test_the_real_mnist(tmp_path, real_mnist, monkeypatch, data, size):
    monkeypatch.setenv("GAN_DATA_MIRROR", real_mnist)
    params = data("mnist", size=size)
    download(params, tmp_path / "raw")
    prepared = prepare(params, tmp_path / "raw", tmp_path / "prepared")
    assert prepared.images("train").shape == (60_000, 1, size, size)
    assert prepared.images("test").shape == (10_000, 1, size, size)
    assert prepared.labels("train")[:5].tolist() == [5, 0, 4, 1, 9]
    assert prepared.labels("test")[:5].tolist() == [7, 2, 1, 0, 4]
    assert prepared.counts["train"]["per_class"]["5"] == 5421
    assert prepared.images("train")[:1000].mean() == pytest.approx(33.3, abs=1)
