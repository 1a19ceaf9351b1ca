"""What makes a download have something to do, and what does not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.data import record
from pipeline.datasets import download
from tests.conftest import ROOT


@pytest.fixture
def copied(tmp_path: Path, data, picture):
    """Three pictures, copied and recorded: (data section, the originals)."""
    for number in range(3):
        picture(tmp_path / "set" / f"{number}.png", number)
    params, raw = data("folder", path=str(tmp_path / "set"), test_fraction=0.5), tmp_path / "raw"
    before = record.state(params)
    download(params, raw)
    record.remember(before, raw)
    return params, raw


def test_nothing_to_do_where_nothing_changed(copied):
    assert record.is_unchanged(*copied)


def test_nothing_recorded(copied, tmp_path):
    assert not record.is_unchanged(copied[0], tmp_path / "other")


def test_a_picture_written_over_with_its_old_size_and_time(copied, tmp_path):
    target = tmp_path / "set" / "0.png"
    before = target.stat()
    target.write_bytes(target.read_bytes()[::-1])
    os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not record.is_unchanged(*copied)


@pytest.mark.parametrize("where", ["set", "raw"])
def test_a_picture_taken_out_of_the_source_or_the_copy(copied, tmp_path, where):
    (tmp_path / where / "1.png").unlink()
    assert not record.is_unchanged(*copied)


def test_another_path_and_one_that_is_gone(copied, tmp_path, data, capsys):
    params, raw = copied
    assert not record.is_unchanged(data("folder", path=str(tmp_path), test_fraction=0.5), raw)
    (tmp_path / "set").rename(tmp_path / "away")
    assert record.is_unchanged(params, raw)
    assert "is not there; going on with the copy" in capsys.readouterr().out
    (raw / "1.png").unlink()
    assert not record.is_unchanged(params, raw)


def test_pairs_of_another_data_set_are_others(data, tmp_path, capsys):
    params = data("edge_pairs", path="digits", test_fraction=0.2)
    before = record.state(params)
    download(params, tmp_path / "raw")
    record.remember(before, tmp_path / "raw")
    assert record.is_unchanged(params, tmp_path / "raw")
    assert capsys.readouterr().out == ""  # `digits` is no folder that went
    states = [record.state(data("edge_pairs", path=name)) for name in ("mnist", "fashion_mnist")]
    assert states[0] != states[1]


def test_the_stage_has_nothing_slow_to_import():
    code = (
        "import sys, stages.download; print([name for name in ('torch', 'sklearn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
