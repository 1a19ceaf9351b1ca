"""What is refused or warned of from parameters and counts, before anything is computed."""

from pathlib import Path

import numpy as np
import pytest

from pipeline import checks
from pipeline.data.originals import Originals, Split
from pipeline.errors import UserError
from tests.conftest import tiny, write_params


def originals(train: list[int], test: list[int], classes: str = "") -> Originals:
    """Counts of each class, without images."""
    parts = [Split(np.repeat(np.arange(len(counts)), counts), lambda: iter(())) for counts in (train, test)]
    return Originals(list(classes), 1, *parts)


@pytest.mark.parametrize(
    ("kind", "train", "test", "classes", "told"),
    [
        (
            "cdcgan",
            [300, 300],
            [8, 7],
            "ab",
            "600 images to train on and 15 to test on: scores need 20 or more",
        ),
        ("cdcgan", [60, 60], [8, 7], "ab", "set data.test_fraction to 0.15"),
        ("cdcgan", [600], [100], "", "cdcgan needs images with labels, and these have no classes"),
        ("gan-mnist", [100], [100], "", "train.batch: 240 is more than the 100 training images"),
    ],
)
def test_refused(tmp_path: Path, kind: str, train: list, test: list, classes: str, told: str) -> None:
    params = write_params(tiny(kind), tmp_path)
    with pytest.raises(UserError, match=told):
        checks.check_data(params, originals(train, test, classes))


def test_counts_are_told_and_few_are_warned_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    params = write_params(tiny("cdcgan"), tmp_path)
    checks.check_data(params, originals([900, 90, 9], [100, 10, 1], "abc"))
    first, unequal, warning = capsys.readouterr().out.splitlines()
    assert first == "999 images to train on, 111 to test on, 3 classes: a 900 + 100, b 90 + 10, c 9 + 1"
    assert unequal.startswith("warning: unequal classes: 9 of c, 900 of a to train on")
    assert warning.startswith(
        "warning: few images (to train on + to test on): b 90 + 10, c 9 + 1; a class needs"
    )


def test_many_classes_are_cut_short() -> None:
    (line,) = checks.summary(originals([200] * 26, [50] * 26, "abcdefghijklmnopqrstuvwxyz"))
    assert line.endswith("j 200 + 50 and 16 more")
