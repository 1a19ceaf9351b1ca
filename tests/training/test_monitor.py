"""A run that goes wrong says so."""

import math

import pytest

from pipeline.errors import RunError
from pipeline.training.monitor import COLLAPSED_PICTURES, LASTING, Monitor

GOOD = {"step": 100, "d_loss": 1.2, "g_loss": 0.8, "d_real": 0.6, "d_fake": 0.4, "diversity": 0.9}


def test_a_good_run_is_silent() -> None:
    monitor = Monitor()
    assert [monitor.check(GOOD) for _ in range(20)] == [[]] * 20


@pytest.mark.parametrize("loss", ["d_loss", "g_loss"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_no_number_ends_the_run(loss: str, value: float) -> None:
    with pytest.raises(RunError, match="diverged before step 100"):
        Monitor().check(GOOD | {loss: value})


def test_certainty_is_told_once_it_lasts_and_only_once() -> None:
    monitor = Monitor()
    told = [monitor.check(GOOD | {"d_real": 0.999, "d_fake": 0.001}) for _ in range(LASTING + 5)]
    assert [bool(messages) for messages in told] == [False] * (LASTING - 1) + [True] + [False] * 5
    assert "the discriminator has been certain" in told[LASTING - 1][0]


def test_a_critic_is_never_certain() -> None:
    monitor = Monitor(critic=True)
    assert not any(monitor.check(GOOD | {"d_real": 1.0, "d_fake": 0.0}) for _ in range(LASTING + 5))


@pytest.mark.parametrize("critic", [False, True])
def test_losses_that_run_away_are_told_once_it_lasts(critic: bool) -> None:
    monitor = Monitor(critic=critic)
    told = [monitor.check(GOOD | {"g_loss": -200.0 - row}) for row in range(LASTING + 3)]
    assert [bool(messages) for messages in told] == [False] * (LASTING - 1) + [True] + [False] * 3
    assert "G's is -204" in told[LASTING - 1][0]
    assert "objective.penalty" in told[LASTING - 1][0]


def test_collapse_is_not_told_again_between_two_pictures() -> None:
    monitor = Monitor()
    without = {key: value for key, value in GOOD.items() if key != "diversity"}
    assert monitor.check(GOOD | {"diversity": 0.02})
    assert not monitor.check(without)
    assert not monitor.check(GOOD | {"diversity": 0.03})


def test_certainty_that_passes_is_not_told() -> None:
    monitor = Monitor()
    certain = GOOD | {"d_real": 0.999, "d_fake": 0.001}
    assert not any(monitor.check(row) for _ in range(5) for row in [certain] * (LASTING - 1) + [GOOD])


def test_collapse_is_told_when_seen_and_when_seen_again() -> None:
    monitor = Monitor()
    collapsed = GOOD | {"diversity": 0.02}
    assert "nearly one image" in monitor.check(collapsed)[0]
    assert monitor.check(collapsed) == []
    assert monitor.check(GOOD) == []
    assert monitor.check(collapsed)


def test_a_resumed_run_does_not_tell_again() -> None:
    assert Monitor([GOOD | {"diversity": 0.02}]).check(GOOD | {"diversity": 0.02}) == []


def test_a_collapse_that_lasts_ends_the_run_and_one_that_passes_does_not() -> None:
    monitor = Monitor()
    collapsed = GOOD | {"diversity": 0.02}
    between = {name: value for name, value in GOOD.items() if name != "diversity"}  # a row without a picture
    for row in [collapsed, between] * (COLLAPSED_PICTURES - 1) + [GOOD]:
        monitor.check(row)
    for row in [collapsed, between] * (COLLAPSED_PICTURES - 1):
        monitor.check(row)
        assert monitor.is_collapsed
    with pytest.raises(RunError, match="collapsed before step 100: 5 pictures in a row"):
        monitor.check(collapsed)
