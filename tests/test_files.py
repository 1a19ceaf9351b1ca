"""Files and folders that are whole or absent, whatever happens while they are replaced."""

import os
import shutil
from pathlib import Path

import pytest

from pipeline import files
from pipeline.files import atomic_path

GONE = 2**22 + 1  # no process has this number


def write(target: Path, text: str) -> None:
    """A folder of one file."""
    with atomic_path(target) as part:
        part.mkdir()
        (part / "content").write_text(text)


def test_the_old_folder_is_deleted_only_when_the_new_one_is_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "results"
    write(target, "old")
    delete, seen = files.remove, []

    def watched(path: Path) -> None:
        if (path / "content").exists():
            seen.append((target / "content").read_text())
        delete(path)

    monkeypatch.setattr(files, "remove", watched)
    write(target, "new")
    assert seen == ["new"]
    assert os.listdir(tmp_path) == ["results"]


def test_where_the_new_folder_cannot_be_moved_in_the_old_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "results"
    write(target, "old")
    rename = os.replace

    def failing(source: Path, to: Path) -> None:
        if source.suffix == ".part":
            raise PermissionError("no")
        rename(source, to)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(PermissionError):
        write(target, "new")
    assert (target / "content").read_text() == "old"
    assert os.listdir(tmp_path) == ["results"]


def test_what_a_kill_between_the_two_moves_left_aside_is_put_back(tmp_path: Path) -> None:
    target = tmp_path / "results"
    write(target, "old")
    os.replace(target, tmp_path / f".results.{GONE}.old")
    shutil.copytree(tmp_path / f".results.{GONE}.old", tmp_path / f".results.{GONE}.part")
    with pytest.raises(ZeroDivisionError), atomic_path(target):
        raise ZeroDivisionError  # this one fails, too
    assert (target / "content").read_text() == "old"
    assert os.listdir(tmp_path) == ["results"]


def test_what_a_kill_after_both_moves_left_aside_is_deleted(tmp_path: Path) -> None:
    target = tmp_path / "results"
    write(tmp_path / f".results.{GONE}.old", "old")
    write(target, "new")
    assert (target / "content").read_text() == "new"
    assert os.listdir(tmp_path) == ["results"]


def test_what_is_aside_of_a_longer_name_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / f".results.onnx.{GONE}.old").write_text("of results.onnx")
    write(tmp_path / "results", "new")
    assert (tmp_path / f".results.onnx.{GONE}.old").exists()


@pytest.mark.parametrize("first", ["file", "folder"])
def test_a_file_takes_the_place_of_a_folder_and_the_other_way_round(tmp_path: Path, first: str) -> None:
    target = tmp_path / "results"
    steps = [lambda: files.write_bytes(target, b"a file"), lambda: write(target, "a folder")]
    for step in steps if first == "file" else steps[::-1]:
        step()
    assert target.is_dir() == (first == "file")
    assert os.listdir(tmp_path) == ["results"]
