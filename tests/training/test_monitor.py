"""A run that goes wrong says so."""

import math

import pytest

from pipeline import objectives
from pipeline.errors import RunError
from pipeline.params import ObjectiveParams, PenaltyParams
from pipeline.training.monitor import COLLAPSED_PICTURES, LASTING, WARM_UP, Monitor

LOGISTIC = (2 * math.log(2), 0.0)
GOOD = {"step": 1000, "d_loss": 1.2, "g_loss": 0.8, "d_real": 0.6, "d_fake": 0.4, "diversity": 0.9}


def test_a_good_run_is_silent() -> None:
    monitor = Monitor()
    assert [monitor.check(GOOD) for _ in range(20)] == [[]] * 20


@pytest.mark.parametrize("loss", ["d_loss", "g_loss"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_no_number_ends_the_run(loss: str, value: float) -> None:
    with pytest.raises(RunError, match="diverged before step 1000"):
        Monitor().check(GOOD | {loss: value})


def test_certainty_is_told_once_it_lasts_and_only_once() -> None:
    monitor = Monitor(scale=LOGISTIC)
    told = [monitor.check(GOOD | {"d_loss": 0.002}) for _ in range(LASTING + 5)]
    assert [bool(messages) for messages in told] == [False] * (LASTING - 1) + [True] + [False] * 5
    assert "the discriminator has been certain" in told[LASTING - 1][0]


# d_loss of a discriminator that tells every image, by the objective's own outputs; of one that does not
CERTAIN = {
    "non-saturating": 0.01,
    "least-squares": 0.002,
    "hinge": 0.01,
    "relativistic": 0.005,
    "f-js": -1.38,
}
UNSURE = {"non-saturating": 0.5, "least-squares": 0.05, "hinge": 0.5, "relativistic": 0.3, "f-js": -0.5}


def monitor_of(objective: str) -> Monitor:
    penalty = PenaltyParams(name="none", weight=0.0, every=1)
    game = ObjectiveParams(name=objective, label_smoothing=0.0, weight_clip=None, penalty=penalty)
    return Monitor(scale=objectives.build(game).scale)


@pytest.mark.parametrize("objective", CERTAIN)
def test_certainty_goes_by_the_objectives_own_scale(objective: str) -> None:
    # outputs of hinge and least squares are no logits: their sigmoids say nothing
    sure = GOOD | {"d_loss": CERTAIN[objective], "d_real": 0.73, "d_fake": 0.27}
    monitor = monitor_of(objective)
    told = [message for _ in range(LASTING) for message in monitor.check(sure)]
    assert "has been certain" in " ".join(told)
    unsure = GOOD | {"d_loss": UNSURE[objective], "d_real": 0.999, "d_fake": 0.001}
    monitor = monitor_of(objective)
    assert not any(monitor.check(unsure) for _ in range(LASTING + 5))


def test_a_critic_is_never_certain() -> None:
    monitor = monitor_of("wasserstein")
    certain = GOOD | {"d_loss": -8.0, "d_real": 1.0, "d_fake": 0.0}
    assert not any(monitor.check(certain) for _ in range(LASTING + 5))


@pytest.mark.parametrize("scale", [None, LOGISTIC])
def test_losses_that_run_away_are_told_once_it_lasts(scale: tuple[float, float] | None) -> None:
    monitor = Monitor(scale=scale)
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
    monitor = Monitor(scale=LOGISTIC)
    certain = GOOD | {"d_loss": 0.002}
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
    with pytest.raises(RunError, match="collapsed before step 1000: 5 pictures in a row"):
        monitor.check(collapsed)


def test_nothing_has_collapsed_before_it_could_learn() -> None:
    monitor = Monitor()
    for step in range(1, COLLAPSED_PICTURES + 5):
        assert monitor.check(GOOD | {"step": step, "diversity": 0.01}) == []
        assert not monitor.is_collapsed  # or no state would be saved
    assert monitor.check(GOOD | {"step": WARM_UP + 1, "diversity": 0.01})
