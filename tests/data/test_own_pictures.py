"""`data.pictures`: what becomes of each kind of picture, a sentence each."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.data.alike import Alike
from pipeline.data.originals import Originals
from pipeline.data.prepared import Prepared
from pipeline.datasets import download, load
from pipeline.errors import UserError
from pipeline.params import PLAINLY

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)
TURNED = 0x0112  # the EXIF tag of how a camera was held


def bands(*colours: tuple[int, int, int], high: bool = False) -> Image.Image:
    """Bands of 8 pixels beside each other, or one below another."""
    rows = np.repeat(np.array([colours], np.uint8), 8, axis=0).repeat(8, axis=1)
    return Image.fromarray(rows.swapaxes(0, 1) if high else rows)


@pytest.fixture
def opened(tmp_path: Path, data: Callable[..., object]) -> Callable[..., Originals]:
    """Take pictures in train/ and one in test/ through download, and open them."""

    def go(
        files: dict[str, Image.Image], saved: dict[str, object] | None = None, **ways: object
    ) -> Originals:
        others = {} if any(name.startswith("test/") for name in files) else {"test/0.png": bands(BLACK)}
        for name, image in (files | others).items():
            (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
            image.save(tmp_path / "set" / name, **(saved or {}))
        pictures = PLAINLY.model_copy(update=ways)
        params = data("folder", path=str(tmp_path / "set"), pictures=pictures)
        download(params, tmp_path / "raw")
        return load(params, tmp_path / "raw")

    return go


def held(turn: int) -> dict[str, object]:
    """Options to save a picture that a camera took held so."""
    exif = Image.Exif()
    exif[TURNED] = turn
    return {"exif": exif}


@pytest.mark.parametrize(
    ("file", "image", "saved", "ways", "seen"),
    [
        pytest.param(*case[1:], id=case[0])
        for case in [
            ("a square is as it is", "a.png", bands(GREEN), {}, {}, [(GREEN, GREEN, GREEN)]),
            ("of a wide one the middle", "a.png", bands(RED, GREEN, BLUE), {}, {}, [(GREEN, GREEN, GREEN)]),
            (
                "padded, all of it with its edges repeated",
                "a.png",
                bands(RED, GREEN, BLUE),
                {},
                {"square": "pad"},
                [(RED, GREEN, BLUE)],
            ),
            (
                "several: the middle, and both ends of a high one",
                "a.png",
                bands(RED, GREEN, BLUE, high=True),
                {},
                {"square": "several"},
                [(GREEN, GREEN, GREEN), (RED, RED, RED), (BLUE, BLUE, BLUE)],
            ),
            (
                "upright, as the camera was held",
                "a.png",
                bands(RED, BLUE).resize((8, 8), 0),
                held(3),
                {},
                [(BLUE, None, RED)],
            ),
            (
                "white behind what is transparent",
                "a.png",
                Image.new("RGBA", (8, 8)),
                {},
                {},
                [(WHITE, WHITE, WHITE)],
            ),
            (
                "the colour asked for behind it, of a grey one too",
                "a.png",
                Image.new("LA", (8, 8)),
                {},
                {"background": "#0000ff"},
                [(BLUE, BLUE, BLUE)],
            ),
            (
                "of 16 bits the upper 8",
                "a.png",
                Image.fromarray(np.full((8, 8), 0x80FF, np.uint16)),
                {},
                {},
                [((128,),) * 3],
            ),
            (
                "inks become light",
                "a.tif",
                Image.new("CMYK", (8, 8), (0, 255, 255, 0)),
                {},
                {},
                [(RED, RED, RED)],
            ),
        ]
    ],
)
def test_one_picture(opened, file, image, saved, ways, seen) -> None:
    found = opened({f"train/{file}": image}, saved, **ways)
    pictures = [picture[0].numpy() for picture in found.train.batches()]
    assert found.further == len(seen) - 1
    for picture, colours in zip(pictures, seen, strict=True):
        for place, colour in zip((0, 4, 7), colours, strict=True):
            assert colour is None or tuple(picture[:, place, place]) == colour


def noise(seed: int) -> Image.Image:
    """A picture like no other."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8))


def rows(found: Originals) -> list[bytes]:
    return [picture.numpy().tobytes() for picture in found.train.batches()]


def test_nested_folders_are_one_set_without_classes_where_asked(opened) -> None:
    names = ("train/2023/spring/a.png", "train/2024/b.png", "train/c.png")
    found = opened({name: noise(number) for number, name in enumerate(names)}, classes="none")
    assert (found.classes, len(rows(found))) == ([], 3)


def test_a_broken_file_is_named_and_skipped_where_asked(opened, tmp_path) -> None:
    (tmp_path / "set" / "train").mkdir(parents=True)
    (tmp_path / "set" / "train" / "a.png").write_bytes(b"no picture")
    last = noise(2)
    found = opened({"train/b.png": noise(1), "train/c.png": last}, broken="skip")
    assert rows(found)[1] == np.asarray(last).transpose(2, 0, 1).tobytes()
    assert found.remarks == (f"left out, broken: {tmp_path}/set/train/a.png",)


def test_a_class_whose_files_are_all_broken_is_refused(opened, tmp_path) -> None:
    for name in ("train/x/a.png", "test/x/a.png"):
        (tmp_path / "set" / name).parent.mkdir(parents=True)
        (tmp_path / "set" / name).write_bytes(b"no picture")
    with pytest.raises(UserError, match="every file of the class 'x' is broken"):
        opened({"train/y/a.png": noise(1), "test/y/b.png": noise(2)}, broken="skip")


def test_small_classes_are_repeated_where_asked(opened) -> None:
    files = {f"train/x/{number}.png": noise(number) for number in range(5)}
    files |= {"train/y/a.png": noise(8), "train/y/b.png": noise(9), "test/x/0.png": noise(10)}
    found = opened(files | {"test/y/0.png": noise(11)}, balance=True)
    assert np.bincount(found.train.labels).tolist() == [5, 5]
    every = rows(found)
    assert every[7:] == [every[5], every[6], every[5]]
    assert "classes balanced: 3 training pictures beside the 7" in found.remarks


def test_nothing_is_made_of_pictures_that_are_set_aside(tmp_path, both_stages) -> None:
    """Neither an end of them nor a repetition is learnt from."""
    for number in range(60):
        name = tmp_path / "set" / ("x" if number < 40 else "y") / f"{number}.png"
        name.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (24, 8), (number, 0, 0)).save(name)
    ways = PLAINLY.model_copy(update={"square": "several", "balance": True})
    prepared: Prepared = both_stages(
        "folder", path=str(tmp_path / "set"), test_fraction=0.2, set_aside=8, pictures=ways
    )
    seen = {part: set(prepared.images(part)[:, 0, 0, 0].tolist()) for part in ("train", "aside", "test")}
    assert len(seen["aside"]) == prepared.counts["aside"]["total"] == 8
    assert not seen["train"] & (seen["aside"] | seen["test"])
    assert len(set(prepared.counts["train"]["per_class"].values())) == 1


def test_a_limit_takes_of_all_folders_alike_and_two_at_least(opened) -> None:
    files = {f"train/x/{number:02}.png": noise(number) for number in range(30)}
    files |= {f"train/y/{number}.png": noise(40 + number) for number in range(3)}
    files |= {f"test/{name}/{number}.png": noise(90 + number) for name in "xy" for number in range(2)}
    found = opened(files, limit=16)
    assert np.bincount(found.train.labels).tolist() == [10, 2]
    taken = [noise(number) for number in range(0, 30, 3)]
    assert rows(found)[:10] == [np.asarray(image).transpose(2, 0, 1).tobytes() for image in taken]


def test_near_copies_are_told_and_taken(opened) -> None:
    """In another size, and a little brighter."""
    grey = np.random.default_rng(0).integers(0, 250, (4, 4), np.uint8).repeat(16, 0).repeat(16, 1)
    files = {"train/a.png": Image.fromarray(grey), "train/b.png": Image.fromarray(grey + 3).resize((48, 48))}
    found = opened(files | {"train/c.png": noise(3)})
    assert len(rows(found)) == 3
    (told,) = found.remarks
    assert told.startswith("1 pictures are near copies of others")
    assert told.endswith("train/a.png and " + told.split(" and ")[-1])


def test_what_is_near_is_told_by_more_than_outlines() -> None:
    """A picture and the same with half its contrast have one hash; plain ones have none to tell them by."""
    alike, random = Alike(), np.random.default_rng(0)
    picture = random.integers(0, 256, (32, 32), np.uint8)
    for grey in (picture, picture // 2, np.full((32, 32), 9, np.uint8), np.full((32, 32), 9, np.uint8)):
        alike.add(grey)
    alike.add(picture ^ 1)
    assert alike.pairs() == [(0, 4)]


def test_pictures_that_are_no_squares_are_told(opened) -> None:
    found = opened({"train/a.png": bands(RED, GREEN, BLUE), "train/b.png": bands(RED)})
    told = "1 of 3 pictures are no squares (up to 3.0 to 1): the square in the middle is taken"
    assert found.remarks == (told,)
