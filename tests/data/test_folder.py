"""The data set `folder`: its layouts, and what is refused."""

import errno
import gc
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.data import folders
from pipeline.data.decoded import Decoded
from pipeline.data.images import decode
from pipeline.data.prepare import prepare
from pipeline.data.prepared import Prepared
from pipeline.datasets import download, load
from pipeline.errors import RunError, UserError


@pytest.fixture
def run(both_stages: Callable[..., Prepared]) -> Callable[..., Prepared]:
    """Take a folder or zip through both stages."""
    return lambda path, **named: both_stages("folder", path=str(path), **named)


@pytest.fixture
def pets(tmp_path: Path, picture) -> Path:
    """Class folders: ten dogs of brightness 200, five cats of 50."""
    for number in range(10):
        picture(tmp_path / "pets" / "dog" / f"{number}.png", 200)
    for number in range(5):
        picture(tmp_path / "pets" / "cat" / f"{number}.PNG", 50)
    return tmp_path / "pets"


def brightness(prepared: Prepared, split: str) -> list[int]:
    return prepared.images(split)[:, 0, 0, 0].tolist()


def test_class_folders_are_split_class_by_class(pets, run):
    prepared = run(pets, test_fraction=0.2)
    assert prepared.classes == ["cat", "dog"]
    assert prepared.channels == 1
    assert prepared.counts["train"] == {"total": 12, "per_class": {"cat": 4, "dog": 8}}
    assert prepared.counts["test"] == {"total": 3, "per_class": {"cat": 1, "dog": 2}}
    for split in ("train", "test"):
        assert brightness(prepared, split) == [[50, 200][label] for label in prepared.labels(split)]


def test_one_flat_folder_has_no_classes(tmp_path, picture, run):
    for number in range(4):
        picture(tmp_path / "flat" / f"{number}.png", number)
    prepared = run(tmp_path / "flat", test_fraction=0.25)
    assert prepared.classes == []
    assert sorted(brightness(prepared, "train") + brightness(prepared, "test")) == [0, 1, 2, 3]
    assert prepared.labels("train").tolist() == [0, 0, 0]


def test_train_and_test_folders_inside_a_wrapper_and_in_a_zip(tmp_path, picture, run):
    for split, value in (("train", 10), ("test", 90)):
        for number, name in enumerate("ab"):
            picture(tmp_path / "set" / "images" / split / name / "deeper" / "1.png", value + number)
    by_folder = run(tmp_path / "set")
    assert (brightness(by_folder, "train"), brightness(by_folder, "test")) == ([10, 11], [90, 91])
    by_zip = run(Path(shutil.make_archive(str(tmp_path / "set"), "zip", tmp_path / "set")))
    assert by_zip.digest == by_folder.digest


def test_the_same_images_are_held_out_every_time(pets, run, tmp_path):
    first = run(pets, test_fraction=0.3)
    content = {path.name: path.read_bytes() for path in first.folder.iterdir()}
    again = run(pets, test_fraction=0.3)
    assert {path.name: path.read_bytes() for path in again.folder.iterdir()} == content


def test_hidden_files_and_other_files_are_left_out(pets, run, picture):
    (pets / ".DS_Store").write_bytes(b"x")
    (pets / "readme.txt").write_text("x")
    (pets / "dog" / "._0.png").write_bytes(b"x")
    (pets / "dog" / "notes.csv").write_text("x")
    picture(pets / ".thumbnails" / "0.png")
    picture(pets / "__MACOSX" / "0.png")
    assert run(pets, test_fraction=0.2).counts["train"]["per_class"] == {"cat": 4, "dog": 8}


def test_one_colour_image_makes_it_a_colour_set_unless_channels_says_otherwise(pets, run, picture):
    picture(pets / "dog" / "colour.png", (255, 0, 0), "RGB")
    assert run(pets, test_fraction=0.2).channels == 3
    assert run(pets, test_fraction=0.2, channels=1).channels == 1


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    images=st.lists(
        st.tuples(
            st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA", "I;16"]),
            st.integers(1, 40),
            st.integers(1, 40),
        ),
        min_size=2,
        max_size=5,
        unique_by=lambda image: image[1:],  # copies would be left out
    ),
    size=st.integers(8, 24),
    channels=st.sampled_from([None, 1, 3]),
)
def test_any_mix_of_modes_and_sizes_is_prepared(tmp_path, run, images, size, channels):
    shutil.rmtree(tmp_path / "mix", ignore_errors=True)
    (tmp_path / "mix").mkdir()
    for number, (mode, width, height) in enumerate(images):
        Image.new(mode, (width, height)).save(tmp_path / "mix" / f"{number}.png")
    prepared = run(tmp_path / "mix", size=size, channels=channels, test_fraction=0.5)
    colour = any(mode in ("P", "RGB", "RGBA") for mode, _, _ in images)
    assert prepared.channels == (channels or (3 if colour else 1))
    total = sum(prepared.images(split).shape[0] for split in ("train", "test"))
    assert total == len(images)


def refused(run, path: Path, told: str, **named: object) -> None:
    """Both stages together raise UserError with `told`, in one line, and leave no output."""
    out = path.parent / "out"
    with pytest.raises(UserError, match=told) as error:
        run(path, **named)
    assert "\n" not in str(error.value)
    assert not (out / "prepared").exists()
    assert not [left for left in out.iterdir() if left.name.endswith(".part")]


def test_a_path_that_is_not_there(tmp_path, run):
    refused(run, tmp_path / "nowhere", "data.path: there is no folder or zip .*nowhere", test_fraction=0.1)


def test_no_images_at_all(tmp_path, run):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("x")
    refused(run, tmp_path / "docs", r"docs has no images in it \(\.jpg", test_fraction=0.1)


def test_an_empty_class_folder(pets, run):
    (pets / "bird").mkdir()
    refused(run, pets, r"class folder .*pets/bird has no images", test_fraction=0.1)


def test_an_image_beside_class_folders(pets, run, picture):
    picture(pets / "stray.png")
    refused(run, pets, r"pets/stray\.png lies beside class folders", test_fraction=0.1)


def test_a_corrupt_image(pets, run):
    (pets / "dog" / "7.png").write_bytes((pets / "dog" / "6.png").read_bytes()[:-30])
    refused(run, pets, r"pets/dog/7\.png can't be read as an image", test_fraction=0.1)


def test_a_link_that_leads_nowhere(pets, run):
    os.symlink("nowhere.png", pets / "dog" / "link.png")
    refused(run, pets, r"link\.png can't be read: No such file", test_fraction=0.1)


def test_a_class_with_one_image(pets, run, picture):
    picture(pets / "bird" / "only.png")
    refused(run, pets, "class 'bird' has one image; two are needed", test_fraction=0.1)


def test_test_fraction_is_needed_without_test_images(pets, run):
    refused(run, pets, "data.test_fraction is needed: .*pets has no train/ and test/")


def test_test_fraction_must_be_null_with_test_images(tmp_path, picture, run):
    for split in ("train", "test"):
        picture(tmp_path / "set" / split / "0.png")
    refused(
        run, tmp_path / "set", "data.test_fraction must be null: .*set has its own test/", test_fraction=0.1
    )


@pytest.mark.parametrize(
    "beside", [["test/a/0.png", "other/a/0.png"], ["test/a/0.png", "stray.png"], ["extra/a/0.png"]]
)
def test_what_does_not_belong_beside_train_and_test(tmp_path, picture, run, beside):
    for path in ["train/a/0.png", *beside]:
        picture(tmp_path / "set" / path)
    names = ", ".join(sorted({"train", *(path.split("/")[0] for path in beside)}))
    refused(run, tmp_path / "set", f"expected train/ and test/ .* and nothing beside them, found {names}$")


def test_classes_that_differ(tmp_path, picture, run):
    for folder in ("train/a", "train/b", "test/a"):
        picture(tmp_path / "set" / folder / "0.png")
    refused(run, tmp_path / "set", "only one of train/ and test/ has the classes b")


def test_a_zip_that_points_outside(tmp_path, run):
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("../../evil.png", b"x")
    refused(run, tmp_path / "evil.zip", r"member \.\./\.\./evil\.png points outside", test_fraction=0.1)
    assert not list(tmp_path.rglob("evil.png"))


def test_a_zip_that_is_none(pets, run, tmp_path):
    archive = Path(shutil.make_archive(str(tmp_path / "cut"), "zip", pets))
    archive.write_bytes(archive.read_bytes()[:-30])
    refused(run, archive, "cut.zip can't be unpacked", test_fraction=0.1)


def test_a_zip_with_a_damaged_member(tmp_path, picture, run):
    archive = tmp_path / "bad.zip"
    image = picture(tmp_path / "image.png")
    with zipfile.ZipFile(archive, "w") as members:
        members.write(image, "image.png")
    content = bytearray(archive.read_bytes())
    content[60] ^= 0xFF
    archive.write_bytes(content)
    refused(run, archive, "bad.zip can't be unpacked", test_fraction=0.1)


def test_a_full_disk_leaves_the_earlier_copy_alone(pets, run, tmp_path, data, monkeypatch):
    before = run(pets, test_fraction=0.2)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(RunError, match="raw: the disk is full"):
        download(data("folder", path=str(pets), test_fraction=0.2), tmp_path / "out" / "raw")
    assert len(list((tmp_path / "out" / "raw").rglob("*.*"))) == 15
    assert np.array_equal(before.labels("test"), [0, 1, 1])


def test_a_disk_that_fills_up_while_pictures_wait_is_told(pets, run, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Decoded, "add", full)
    with pytest.raises(RunError, match="prepared: the disk is full"):
        run(pets, test_fraction=0.2)


def test_preprocess_before_download(tmp_path, data):
    with pytest.raises(UserError, match=r"raw is missing: run `python -m stages.download`"):
        prepare(data("folder", path="x", test_fraction=0.1), tmp_path / "raw", tmp_path / "prepared")


@pytest.mark.parametrize("name", ["val", "valid", "validation"])
def test_validation_is_the_test_part_where_there_is_none_and_else_left_out(tmp_path, picture, run, name):
    for folder in ("train/a", "train/b", f"{name}/a", f"{name}/b"):
        picture(tmp_path / "set" / folder / "0.png", 10 if folder.startswith("train") else 90)
    assert brightness(run(tmp_path / "set"), "test") == [90, 90]
    for folder in ("test/a", "test/b"):
        picture(tmp_path / "set" / folder / "0.png", 200)
    prepared = run(tmp_path / "set")
    assert (brightness(prepared, "train"), brightness(prepared, "test")) == ([10, 10], [200, 200])


def test_one_class_is_none(tmp_path, picture, data):
    for split in ("train", "test"):
        picture(tmp_path / "set" / split / "only" / "0.png")
    params = data("folder", path=str(tmp_path / "set"))
    download(params, tmp_path / "raw")
    originals = load(params, tmp_path / "raw")
    assert originals.classes == []
    assert originals.remarks == ("one class (only): the images are taken as without classes",)


def test_what_is_left_out_is_told(pets, run, capsys):
    for name in ("a.heic", "b.HEIC", "c.gif", "README"):
        (pets / "dog" / name).write_bytes(b"x")
    run(pets, test_fraction=0.2)
    told = f"{pets}: 15 images; left out: 2 .heic, 1 .gif, 1 without an ending"
    assert told in capsys.readouterr().out


def test_all_broken_images_are_told_at_once(pets, run):
    (pets / "dog" / "3.png").write_bytes((pets / "dog" / "6.png").read_bytes()[:-30])
    (pets / "dog" / "7.png").write_bytes(b"no picture")
    told = r"2 files can't be read as images: .*pets/dog/3\.png, .*pets/dog/7\.png; replace them"
    refused(run, pets, told, test_fraction=0.1)


def in_other_files(picture: Path, folder: Path) -> None:
    """Write the pixels of a picture as three files of other bytes."""
    with Image.open(picture) as image:
        image.save(folder / f"{picture.stem} again.bmp")
        image.save(folder / f"{picture.stem} again.png", compress_level=0)
        turned, exif = image.transpose(Image.Transpose.ROTATE_90), Image.Exif()
        exif[0x0112] = 6  # a viewer turns it back
        turned.save(folder / f"{picture.stem} turned.png", exif=exif)


def test_copies_of_training_images_stay_out_of_the_test_part(tmp_path, picture, data):
    for number in range(4):
        picture(tmp_path / "set" / "train" / f"{number}.png", number)
        picture(tmp_path / "set" / "test" / f"{number}.png", 100 + number)
    in_other_files(tmp_path / "set" / "train" / "2.png", tmp_path / "set" / "test")
    params = data("folder", path=str(tmp_path / "set"))
    download(params, tmp_path / "raw")
    originals = load(params, tmp_path / "raw")
    assert (len(originals.train.labels), len(originals.test.labels)) == (4, 4)
    assert [int(image[0, 0, 0, 0]) for image in originals.test.batches()] == [100, 101, 102, 103]
    assert originals.remarks == ("left out of the test part: 3 exact copies of other images",)


def test_copies_are_not_held_out(tmp_path, picture, run):
    for number in range(10):
        in_other_files(picture(tmp_path / "flat" / f"{number}.png", number), tmp_path / "flat")
    prepared = run(tmp_path / "flat", test_fraction=0.3)
    assert len(brightness(prepared, "test")) == 3
    assert not set(brightness(prepared, "train")) & set(brightness(prepared, "test"))


def test_the_same_bytes_in_another_form_are_no_copies(tmp_path, run):
    values = np.arange(48, dtype=np.uint8)
    (tmp_path / "flat").mkdir()
    for number, shape in enumerate([(6, 8), (8, 6), (4, 4, 3), (2, 8, 3)]):
        Image.fromarray(values.reshape(shape)).save(tmp_path / "flat" / f"{number}.png")
    prepared = run(tmp_path / "flat", test_fraction=0.5)
    assert (prepared.counts["train"]["total"], prepared.counts["test"]["total"]) == (2, 2)


def test_each_picture_is_decoded_once(pets, run, monkeypatch):
    names = []
    monkeypatch.setattr(folders, "decode", lambda file, *rest: names.append(file) or decode(file, *rest))
    run(pets, test_fraction=0.2)
    assert len(names) == len(set(names)) == 15


def test_the_file_that_pictures_wait_in_is_closed_with_them(tmp_path: Path) -> None:
    decoded = Decoded(tmp_path, 8)
    file = decoded._file
    del decoded
    gc.collect()
    assert file.closed
