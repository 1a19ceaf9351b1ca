"""Each penalty against its value worked out by hand, and its own gradient against finite differences."""

from typing import get_args

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pipeline import penalties
from pipeline.params import PenaltyParams

NAMES = [name for name in get_args(PenaltyParams.model_fields["name"].annotation) if name != "none"]
LABELS = torch.zeros(4, dtype=torch.int64)


class Quadratic(nn.Module):
    """D(x) = a |x|^2 / 2 + <b, x>, whose gradient is a x + b; it keeps what it saw last."""

    def __init__(self, a: Tensor | float, b: Tensor | float) -> None:
        super().__init__()
        self.a, self.b = a, b

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        self.seen = x.detach()
        return (self.a * x.square() / 2 + self.b * x).flatten(1).sum(1)


def images(seed: int) -> Tensor:
    return torch.randn(4, 1, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def paid(name: str, discriminator: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
    penalty = penalties.build(PenaltyParams(name=name, weight=1.0, every=1))
    labels = LABELS[: len(real)]
    return penalty(discriminator, (real, labels), (fake, labels), 1, torch.Generator().manual_seed(5))


def test_r1_and_r2_are_half_the_squared_gradient() -> None:
    real, fake = images(1), images(2)
    expected = {
        name: ((2 * x.numpy() + 0.5) ** 2).reshape(4, -1).sum(1).mean() / 2
        for name, x in (("r1", real), ("r2", fake))
    }
    expected["r1-r2"] = expected["r1"] + expected["r2"]
    for name, value in expected.items():
        assert paid(name, Quadratic(2.0, 0.5), real, fake).item() == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("name", ["gradient", "dragan"])
@pytest.mark.parametrize("slope", [0.1, 1 / 3, 2.0])
def test_a_linear_critic_pays_for_its_distance_from_slope_one(name: str, slope: float) -> None:
    """D(x) = b sum(x) over 9 pixels has a gradient of norm 3 b everywhere."""
    value = paid(name, Quadratic(0.0, slope), images(1), images(2)).item()
    assert value == pytest.approx((3 * slope - 1) ** 2, abs=1e-9)


def test_the_norm_is_each_samples_own() -> None:
    """Not that of the whole batch: two images with gradients of norm 1 and 3 pay (0 + 4) / 2."""
    x = torch.zeros(2, 1, 1, 4, dtype=torch.float64)
    x[0, 0, 0, 0], x[1, 0, 0, 0] = 1, 3
    assert paid("gradient", Quadratic(1.0, 0.0), x, x).item() == pytest.approx(2, abs=1e-9)


def test_the_gradient_penalty_looks_between_real_and_fake() -> None:
    ones, discriminator = torch.ones(4, 1, 3, 3, dtype=torch.float64), Quadratic(1.0, 0.0)
    paid("gradient", discriminator, -ones, ones)
    seen = discriminator.seen.flatten(1).numpy()
    assert np.ptp(seen, axis=1).max() == 0  # one share for all pixels of an image
    assert len(np.unique(seen[:, 0])) == 4  # and another for each image
    assert np.abs(seen).max() < 1


def test_dragan_stays_near_the_real_images() -> None:
    real, discriminator = images(1), Quadratic(1.0, 0.0)
    paid("dragan", discriminator, real, images(2))
    moved = discriminator.seen - real
    assert moved.min() >= 0
    assert 0.1 < moved.max() / real.std() < 0.5


@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_of_the_penalty_is_right(name: str) -> None:
    weights = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (0.7, -0.4)]
    assert torch.autograd.gradcheck(lambda a, b: paid(name, Quadratic(a, b), images(1), images(2)), weights)


def test_fakes_of_half_precision_are_met_in_full() -> None:
    """Under autocast a generator gives bf16: places between are no coarser for it."""
    real, fake = images(1).float(), images(2).bfloat16()
    exact, coarse = (paid("gradient", Quadratic(2.0, 0.5), real, given) for given in (fake.float(), fake))
    assert exact.item() == pytest.approx(coarse.item(), rel=1e-6)


@pytest.mark.parametrize("name", ["r1", "r2", "gradient", "dragan"])
def test_a_slope_is_taken_under_the_conditions_of_its_own_images(name: str) -> None:
    """D(x | c) = c <1, x> has a gradient of norm 3 c over nine pixels."""
    of_real, of_fake = torch.full((4,), 2.0, dtype=torch.float64), torch.full((4,), 5.0, dtype=torch.float64)
    penalty = penalties.build(PenaltyParams(name=name, weight=1.0, every=1))
    found = penalty(
        lambda x, condition: condition * x.flatten(1).sum(1),
        (images(1), of_real),
        (images(2), of_fake),
        1,
        torch.Generator().manual_seed(0),
    )
    expected = {"r1": 6**2 / 2, "r2": 15**2 / 2, "gradient": 5**2, "dragan": 5**2}
    assert found.item() == pytest.approx(expected[name], rel=1e-9)


def test_none_is_none() -> None:
    assert penalties.build(PenaltyParams(name="none", weight=0.0, every=1)) is None
