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
from pipeline.datasets import download
from pipeline.errors import RunError, UserError

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


def test_celeba_has_no_classes_and_leaves_the_validation_images_out(tmp_path, mirror, monkeypatch, data):
    splits = {"000001.jpg": 0, "000002.jpg": 1, "000003.jpg": 2, "000004.jpg": 0}
    with zipfile.ZipFile(mirror / "img_align_celeba.zip", "w") as archive:
        for number, name in enumerate(splits):
            face = io.BytesIO()
            Image.new("RGB", (178, 218), (60 * number, 0, 0)).save(face, "JPEG", quality=95)
            archive.writestr(f"img_align_celeba/{name}", face.getvalue())
    lines = "".join(f"{name} {split}\n" for name, split in splits.items())
    (mirror / "list_eval_partition.txt").write_text(lines)
    here = [("", md5_of(path.read_bytes()), path.name) for path in mirror.iterdir()]
    monkeypatch.setattr(torchvision.datasets.CelebA, "file_list", here)

    params = data("celeba", size=16)
    download(params, tmp_path / "raw")
    prepared = prepare(params, tmp_path / "raw", tmp_path / "prepared")

    assert prepared.classes == []
    assert prepared.images("train").shape == (2, 3, 16, 16)
    assert prepared.labels("train").tolist() == [0, 0]
    reds = [prepared.images(split)[:, 0].mean(axis=(1, 2)) for split in ("train", "test")]
    assert np.concatenate(reds) == pytest.approx([0, 180, 120], abs=3)


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
