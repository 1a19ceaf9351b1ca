"""Each loss against its formula in float64, with D = sigmoid(logit)."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pipeline import objectives
from pipeline.params import ObjectiveParams

REAL = np.array([-2.0, -0.3, 0.0, 0.7, 3.0])
FAKE = np.array([1.5, -1.2, 0.4, 0.0, -4.0])


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def cross_entropy(s: float) -> np.ndarray:
    real, fake = sigmoid(REAL), sigmoid(FAKE)
    return -(1 - s) * np.log(real) - s * np.log(1 - real) - np.log(1 - fake)


FORMULAS = {
    "minimax": (cross_entropy, lambda: np.log(1 - sigmoid(FAKE))),
    "non-saturating": (cross_entropy, lambda: -np.log(sigmoid(FAKE))),
    "least-squares": (lambda s: 0.5 * (REAL - (1 - s)) ** 2 + 0.5 * FAKE**2, lambda: 0.5 * (FAKE - 1) ** 2),
    "hinge": (lambda s: np.maximum(0, 1 - REAL) + np.maximum(0, 1 + FAKE), lambda: -FAKE),
}


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_losses_are_their_formulas(name: str, smoothing: float) -> None:
    if name == "hinge" and smoothing:
        pytest.skip("hinge has no targets to smooth; params.yaml refuses it")
    objective = objectives.build(ObjectiveParams(name=name, label_smoothing=smoothing))
    discriminator, generator = FORMULAS[name]
    real, fake = torch.from_numpy(REAL), torch.from_numpy(FAKE)
    np.testing.assert_allclose(objective.discriminator(real, fake), discriminator(smoothing), rtol=1e-12)
    np.testing.assert_allclose(objective.generator(fake), generator(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", FORMULAS)
def test_gradients_match_finite_differences(name: str) -> None:
    objective = objectives.build(ObjectiveParams(name=name, label_smoothing=0.0))
    real, fake = (torch.from_numpy(x + 0.05).requires_grad_() for x in (REAL, FAKE))
    assert torch.autograd.gradcheck(objective.discriminator, (real, fake))
    assert torch.autograd.gradcheck(objective.generator, (fake,))


@pytest.mark.parametrize("name", FORMULAS)
@given(logit=st.floats(-1e4, 1e4, width=32))
def test_finite_for_every_logit(name: str, logit: float) -> None:
    objective = objectives.build(ObjectiveParams(name=name, label_smoothing=0.0))
    x = torch.tensor([logit], requires_grad=True)
    loss = objective.discriminator(x, x) + objective.generator(x)
    loss.sum().backward()
    assert torch.isfinite(loss).all()
    assert torch.isfinite(x.grad).all()


def test_the_optimal_discriminator_sees_the_density_ratio() -> None:
    """For cross entropy D* = p / (p + q) (Goodfellow et al. 2014, proposition 1)."""
    p, q = torch.tensor([0.5, 0.3, 0.2]), torch.tensor([0.1, 0.3, 0.6])
    logits = torch.zeros(3, requires_grad=True)
    objective = objectives.build(ObjectiveParams(name="non-saturating", label_smoothing=0.0))
    optimiser = torch.optim.LBFGS([logits], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        real_part = objective.discriminator(logits, torch.full((3,), -1e4))
        fake_part = objective.discriminator(torch.full((3,), 1e4), logits)
        value = (p * real_part + q * fake_part).sum()
        value.backward()
        return value

    optimiser.step(loss)
    torch.testing.assert_close(logits.sigmoid().detach(), p / (p + q), atol=1e-3, rtol=0)
