"""Fetching: where files are looked for, what is refused, and that nothing half-written stays."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.data.fetch import RemoteFile, fetch
from pipeline.errors import RunError, UserError

CONTENT = b"the right bytes" * 1000


def wanted(*urls: str) -> list[RemoteFile]:
    return [RemoteFile("a.gz", hashlib.md5(CONTENT).hexdigest(), urls)]


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    folder = tmp_path / "mirror"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("inside", [".", "mnist"])
@pytest.mark.parametrize("named", [str, Path.as_uri], ids=["folder", "file URL"])
def test_own_mirror_is_a_folder(
    tmp_path: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch, inside: str, named: Callable[[Path], str]
):
    (mirror / inside).mkdir(exist_ok=True)
    (mirror / inside / "a.gz").write_bytes(CONTENT)
    monkeypatch.setenv("GAN_DATA_MIRROR", named(mirror))
    fetch("mnist", wanted(), tmp_path / "raw")
    assert (tmp_path / "raw" / "a.gz").read_bytes() == CONTENT


def test_own_mirror_is_a_url_and_comes_before_the_public(tmp_path, web, monkeypatch):
    url, pages, asked = web
    pages["/own/a.gz"] = pages["/public/a.gz"] = CONTENT
    monkeypatch.setenv("GAN_DATA_MIRROR", f"{url}/own/")
    fetch("mnist", wanted(f"{url}/public/a.gz"), tmp_path)
    assert (tmp_path / "a.gz").read_bytes() == CONTENT
    assert asked == ["/own/mnist/a.gz", "/own/a.gz"]


def test_what_is_there_is_not_fetched_again(tmp_path, web):
    url, _, asked = web
    (tmp_path / "a.gz").write_bytes(CONTENT)
    fetch("mnist", wanted(f"{url}/a.gz"), tmp_path)
    assert asked == []


def test_the_next_mirror_is_tried_and_a_damaged_file_replaced(tmp_path, web):
    url, pages, _ = web
    pages["/good"] = CONTENT
    (tmp_path / "a.gz").write_bytes(b"damaged")
    fetch("mnist", wanted(f"{url}/none", f"{url}/good"), tmp_path)
    assert (tmp_path / "a.gz").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("served", "told"),
    [
        (b"\n<!DOCTYPE html><p>log in", "an HTML page in place of the file"),
        (CONTENT[:-1], "damaged or cut short, 14999 bytes"),
        (b"CUT", "cut short, 3 of 1003 bytes came"),
        (None, "HTTP 404"),
    ],
)
def test_what_is_not_the_file_is_named_and_leaves_nothing(tmp_path, web, served, told):
    url, pages, _ = web
    if served is not None:
        pages["/a.gz"] = served
    with pytest.raises(RunError) as error:
        fetch("mnist", wanted(f"{url}/a.gz"), tmp_path)
    message = str(error.value)
    assert message.startswith(f"a.gz can't be had ({url}/a.gz: {told}")
    assert "Set GAN_DATA_MIRROR" in message
    assert "make quickstart" in message
    assert "\n" not in message
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_away(tmp_path):
    with pytest.raises(RunError, match="Connection refused"):
        fetch("mnist", wanted("http://127.0.0.1:1/a.gz"), tmp_path)


@pytest.mark.parametrize("mirror", ["nowhere/at/all", "s3://bucket"])
def test_a_mirror_that_is_none(tmp_path, monkeypatch, mirror):
    monkeypatch.setenv("GAN_DATA_MIRROR", mirror)
    with pytest.raises(UserError, match=f"GAN_DATA_MIRROR: .*{mirror}"):
        fetch("mnist", wanted(), tmp_path)


def test_a_full_disk(tmp_path, web, full_disk):
    url, pages, _ = web
    pages["/a.gz"] = CONTENT
    with pytest.raises(RunError, match=r"a\.gz: the disk is full"):
        fetch("mnist", wanted(f"{url}/a.gz"), tmp_path / "raw")
    assert list((tmp_path / "raw").iterdir()) == []


def test_a_folder_that_cannot_be_made(tmp_path, web):
    url, pages, _ = web
    pages["/a.gz"] = CONTENT
    (tmp_path / "raw").write_text("a file is in the way")
    with pytest.raises(RunError, match=r"a\.gz can't be written"):
        fetch("mnist", wanted(f"{url}/a.gz"), tmp_path / "raw")
