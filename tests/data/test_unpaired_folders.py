"""Two sets of your own images without pairs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.data.prepared import Prepared
from pipeline.errors import UserError


@pytest.fixture
def run(both_stages: Callable[..., Prepared]) -> Callable[..., Prepared]:
    """Take a folder of two sets through both stages."""
    return lambda path, **named: both_stages("unpaired_folder", path=str(path), **named)


def brightness(prepared: Prepared, field: str, part: str) -> list[int]:
    return prepared.part(field, part)[:, 0, 0, 0].tolist()


def fill(folder: Path, picture, **values: list[int]) -> Path:
    """A picture of each brightness in the folders."""
    for name, shades in values.items():
        for shade in shades:
            picture(folder / name / f"{shade}.png", shade)
    return folder


def test_each_side_is_a_table_with_rows_of_its_own(tmp_path, picture, run):
    parts = {"trainA": [10, 11, 12], "testA": [20, 21], "trainB": [30, 31], "testB": [40]}
    prepared = run(fill(tmp_path / "set", picture, **parts))
    assert [list(table.fields) for table in prepared.tables] == [
        ["images", "labels"],
        ["other", "other_labels"],
    ]
    for field, side in (("images", "A"), ("other", "B")):
        for part in ("train", "test"):
            assert brightness(prepared, field, part) == parts[part + side]


def test_without_test_parts_a_share_of_either_side_is_held_out(tmp_path, picture, run):
    parts = {"trainA": list(range(10)), "trainB": list(range(50, 70))}
    prepared = run(fill(tmp_path / "set", picture, **parts), test_fraction=0.2)
    for field, values, held_out in (("images", parts["trainA"], 2), ("other", parts["trainB"], 4)):
        train, test = (brightness(prepared, field, part) for part in ("train", "test"))
        assert sorted(train + test) == values
        assert len(test) == held_out


def test_classes_are_those_of_each_side(tmp_path, picture, run):
    fill(tmp_path / "set", picture, **{"trainA/cat": [1, 2], "trainA/dog": [3, 4], "trainB": [5, 6]})
    prepared = run(tmp_path / "set", test_fraction=0.5)
    assert prepared.classes == ["cat", "dog"]
    assert prepared.beginning_with("other").classes == []


@pytest.mark.parametrize("missing", ["trainB", "testA"])
def test_a_side_that_is_missing_is_refused(tmp_path, picture, run, missing):
    names = [name for name in ("trainA", "testA", "trainB", "testB") if name != missing]
    fill(tmp_path / "set", picture, **{name: [1, 2] for name in names})
    found = ", ".join(sorted(names))
    told = rf"expected trainA/ and trainB/, or these with testA/ and testB/, and nothing .* found {found}$"
    with pytest.raises(UserError, match=told):
        run(tmp_path / "set")
    assert not (tmp_path / "out" / "raw").exists()


def test_the_share_is_needed_without_test_parts_and_refused_with_them(tmp_path, picture, run):
    fill(tmp_path / "set", picture, trainA=[1, 2], trainB=[3, 4])
    with pytest.raises(UserError, match=r"data\.test_fraction is needed: .*set has no testA/ and testB/"):
        run(tmp_path / "set")
    fill(tmp_path / "set", picture, testA=[5], testB=[6])
    with pytest.raises(UserError, match=r"must be null: .*set has its own testA/ and testB/$"):
        run(tmp_path / "set", test_fraction=0.1)
