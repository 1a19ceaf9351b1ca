"""Losses of logits far from zero: straight lines where the exponential would overflow."""

import math

import pytest
import torch

from tests.test_objectives import build

ZERO = torch.zeros(1, dtype=torch.float64)


@pytest.mark.parametrize(
    ("name", "side", "sign"),
    [("f-kl", "fake", 1), ("f-reverse-kl", "real", -1), ("f-reverse-kl", "maker", -1)],
)
def test_the_exponential_goes_on_along_its_tangent_at_ten(name: str, side: str, sign: int) -> None:
    """e^x is e^10 (1 + x - 10) from x = 10 on."""
    objective = build(name)

    def steep(x: float) -> float:
        v = torch.tensor([sign * x + (name == "f-kl")], dtype=torch.float64)
        if side == "maker":
            return objective.generator(None, v).item()
        losses = objective.discriminator(v, ZERO) if side == "real" else objective.discriminator(ZERO, v)
        return (losses - objective.discriminator(ZERO, ZERO)).item()

    near = steep(9.0)
    assert steep(9.5) - near == pytest.approx(math.exp(9.5) - math.exp(9), rel=1e-9)
    assert steep(12.0) - near == pytest.approx(3 * math.exp(10) - math.exp(9), rel=1e-6)
    assert steep(1e4) - steep(5e3) == pytest.approx(5e3 * math.exp(10), rel=1e-6)
