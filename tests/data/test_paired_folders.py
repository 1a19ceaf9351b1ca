"""Your own pairs: by file name or side by side, and what is refused."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.data.prepared import Prepared
from pipeline.errors import UserError


@pytest.fixture
def run(both_stages: Callable[..., Prepared]) -> Callable[..., Prepared]:
    """Take a folder or zip of pairs through both stages."""
    return lambda path, **named: both_stages("paired_folder", path=str(path), **named)


def brightness(prepared: Prepared, part: str) -> list[tuple[int, int]]:
    """Of each row what goes in, and what should come out."""
    fields = (prepared.part(field, part)[:, 0, 0, 0].tolist() for field in ("source", "images"))
    return list(zip(*fields, strict=True))


@pytest.fixture
def sides(tmp_path: Path, picture) -> Path:
    """Ten pairs by name: A is 10 darker than B, and grey; B is colour, and has another ending."""
    for number in range(10):
        picture(tmp_path / "set" / "A" / f"{number}.png", 100 + number)
        picture(tmp_path / "set" / "B" / f"{number}.bmp", (110 + number,) * 3, "RGB")
    return tmp_path / "set"


def side_by_side(path: Path, left: int, right: int, size: int = 8) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((size, 2 * size), left, np.uint8)
    pixels[:, size:] = right
    Image.fromarray(pixels).save(path)


def test_files_of_one_name_are_pairs_in_a_folder_and_in_a_zip(sides, run, tmp_path):
    prepared = run(sides, test_fraction=0.2)
    assert (prepared.counts["train"]["total"], prepared.counts["test"]["total"]) == (8, 2)
    for part in ("train", "test"):
        assert all(image == source + 10 for source, image in brightness(prepared, part))
    assert [prepared.fields[name].shape[0] for name in ("source", "images")] == [1, 3]
    zipped = Path(shutil.make_archive(str(tmp_path / "zipped"), "zip", sides))
    assert run(zipped, test_fraction=0.2).digest == prepared.digest


def test_each_side_may_hold_train_and_test_and_classes(tmp_path, picture, run):
    for number, name in enumerate(["train/a", "train/b", "test/a", "test/b"]):
        picture(tmp_path / "set" / "A" / name / "0.png", 10 * number)
        picture(tmp_path / "set" / "B" / name / "0.png", 10 * number + 5)
    prepared = run(tmp_path / "set")
    assert prepared.classes == ["a", "b"]
    assert brightness(prepared, "train") == [(0, 5), (10, 15)]
    assert brightness(prepared, "test") == [(20, 25), (30, 35)]


def test_halves_of_a_picture_are_a_pair(tmp_path, run):
    for number in range(5):
        side_by_side(tmp_path / "set" / "train" / f"{number}.png", number, 100 + number)
    side_by_side(tmp_path / "set" / "test" / "0.png", 7, 107)
    prepared = run(tmp_path / "set")
    assert brightness(prepared, "train") == [(number, 100 + number) for number in range(5)]
    assert brightness(prepared, "test") == [(7, 107)]


def test_pictures_of_a_pair_are_cut_and_scaled_alike(tmp_path, run):
    for number in range(2):
        for side, scale in (("A", 1), ("B", 3)):
            pixels = np.zeros((8 * scale, 16 * scale), np.uint8)
            pixels[:, 4 * scale : 12 * scale] = 200 + number  # the centre square
            (tmp_path / "set" / side).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / "set" / side / f"{number}.png")
    prepared = run(tmp_path / "set", test_fraction=0.5)
    for field in ("source", "images"):
        assert prepared.part(field, "train").min() >= 200


def test_copies_are_pairs_of_which_both_pictures_are_copies(tmp_path, run):
    for number in range(4):
        side_by_side(tmp_path / "set" / "train" / f"{number}.png", number, 100)
    side_by_side(tmp_path / "set" / "test" / "copy.png", 2, 100)
    side_by_side(tmp_path / "set" / "test" / "same input.png", 2, 50)
    assert brightness(run(tmp_path / "set"), "test") == [(2, 50)]


@pytest.mark.parametrize(("side", "other"), ["AB", "BA"])
def test_a_missing_partner_is_told_by_name(sides, run, tmp_path, side, other):
    for name in ("3", "7"):
        next((sides / other).glob(f"{name}.*")).unlink()
    ending = {"A": "png", "B": "bmp"}[side]
    lone = rf".*set/{side}/3\.{ending}, .*set/{side}/7\.{ending}"
    told = rf"no partner of the same name in .*set/{other}: {lone}; add"
    with pytest.raises(UserError, match=told) as error:
        run(sides, test_fraction=0.2)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out" / "raw").exists()


def test_what_makes_no_pairs_is_refused(sides, run, picture, tmp_path):
    picture(sides / "A" / "3.jpg")
    with pytest.raises(UserError, match=r"A/3\.png and .*A/3\.jpg have one name: which is of the pair\?"):
        run(sides, test_fraction=0.2)
    (sides / "A" / "3.jpg").unlink()
    Image.new("L", (9, 8)).save(sides / "A" / "3.png")
    told = r"A/3\.png is 9 x 8 pixels and .*B/3\.bmp 8 x 8: the pictures of a pair need sides of one ratio"
    with pytest.raises(UserError, match=told):
        run(sides, test_fraction=0.2)
    picture(sides / "other" / "0.png")
    with pytest.raises(UserError, match="expected A/ and B/ and nothing beside them, found A, B, other"):
        run(sides, test_fraction=0.2)
    picture(tmp_path / "square" / "0.png")
    with pytest.raises(
        UserError, match=r"0\.png is 8 x 8 pixels: a pair side by side is twice as wide as high"
    ):
        run(tmp_path / "square", test_fraction=0.2)


def test_a_broken_partner_is_told_by_its_own_name(sides, run):
    (sides / "B" / "3.bmp").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"set/B/3\.bmp can't be read as an image"):
        run(sides, test_fraction=0.2)
