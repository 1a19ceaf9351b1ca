"""Each loss against its formula in float64, with D = sigmoid(logit)."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple, get_args

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from pipeline import objectives
from pipeline.params import ObjectiveParams

REAL = np.array([-2.0, -0.3, 0.0, 0.7, 3.0])
FAKE = np.array([1.5, -1.2, 0.4, 0.0, -4.0])


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def cross_entropy(s: float) -> np.ndarray:
    real, fake = sigmoid(REAL), sigmoid(FAKE)
    return -(1 - s) * np.log(real) - s * np.log(1 - real) - np.log(1 - fake)


class Divergence(NamedTuple):
    """One row of Nowozin et al. 2016, tables 1 and 2."""

    f: Callable[[np.ndarray], np.ndarray]
    activation: Callable[[np.ndarray], np.ndarray]
    conjugate: Callable[[np.ndarray], np.ndarray]


DIVERGENCES = {
    "f-kl": Divergence(lambda u: u * np.log(u), lambda v: v, lambda t: np.exp(t - 1)),
    "f-reverse-kl": Divergence(lambda u: -np.log(u), lambda v: -np.exp(-v), lambda t: -1 - np.log(-t)),
    "f-js": Divergence(
        lambda u: -(u + 1) * np.log((1 + u) / 2) + u * np.log(u),
        lambda v: np.log(2) - np.log(1 + np.exp(-v)),
        lambda t: -np.log(2 - np.exp(t)),
    ),
    "f-squared-hellinger": Divergence(
        lambda u: (np.sqrt(u) - 1) ** 2, lambda v: 1 - np.exp(-v), lambda t: t / (1 - t)
    ),
    "f-pearson": Divergence(lambda u: (u - 1) ** 2, lambda v: v, lambda t: t**2 / 4 + t),
    "f-total-variation": Divergence(lambda u: np.abs(u - 1) / 2, lambda v: np.tanh(v) / 2, lambda t: t),
}


def f_losses(name: str) -> tuple[Callable[[float], np.ndarray], Callable[[], np.ndarray]]:
    """Eq. (6), negated, and the generator's of section 3.2."""
    _, g, conjugate = DIVERGENCES[name]
    return lambda s: conjugate(g(FAKE)) - g(REAL), lambda: -g(FAKE)


FORMULAS = {
    "minimax": (cross_entropy, lambda: np.log(1 - sigmoid(FAKE))),
    "non-saturating": (cross_entropy, lambda: -np.log(sigmoid(FAKE))),
    "least-squares": (lambda s: 0.5 * (REAL - (1 - s)) ** 2 + 0.5 * FAKE**2, lambda: 0.5 * (FAKE - 1) ** 2),
    "hinge": (lambda s: np.maximum(0, 1 - REAL) + np.maximum(0, 1 + FAKE), lambda: -FAKE),
    "wasserstein": (lambda s: FAKE - REAL, lambda: -FAKE),
    "relativistic": (lambda s: -np.log(sigmoid(REAL - FAKE)), lambda: -np.log(sigmoid(FAKE - REAL))),
} | {name: f_losses(name) for name in DIVERGENCES}
SMOOTH = ("minimax", "non-saturating", "least-squares")


def build(name: str, smoothing: float = 0.0) -> objectives.Objective:
    penalty = {"name": "none", "weight": 0.0, "every": 1}
    return objectives.build(
        ObjectiveParams(name=name, label_smoothing=smoothing, weight_clip=None, penalty=penalty)
    )


def test_every_objective_is_tested() -> None:
    assert set(FORMULAS) == set(get_args(ObjectiveParams.model_fields["name"].annotation))


@pytest.mark.parametrize(
    ("name", "smoothing"), [*((name, 0.0) for name in FORMULAS), *((name, 0.1) for name in SMOOTH)]
)
def test_losses_are_their_formulas(name: str, smoothing: float) -> None:
    objective = build(name, smoothing)
    discriminator, generator = FORMULAS[name]
    real, fake = torch.from_numpy(REAL), torch.from_numpy(FAKE)
    np.testing.assert_allclose(objective.discriminator(real, fake), discriminator(smoothing), rtol=1e-12)
    np.testing.assert_allclose(objective.generator(real, fake), generator(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", FORMULAS)
def test_gradients_match_finite_differences(name: str) -> None:
    objective = build(name)
    real, fake = (torch.from_numpy(x + 0.05).requires_grad_() for x in (REAL, FAKE))
    assert torch.autograd.gradcheck(objective.discriminator, (real, fake))
    assert torch.autograd.gradcheck(partial(objective.generator, real.detach()), (fake,))


@pytest.mark.parametrize("name", FORMULAS)
@given(logit=st.floats(-1e4, 1e4, width=32))
def test_finite_for_every_logit(name: str, logit: float) -> None:
    objective = build(name)
    x = torch.tensor([logit], requires_grad=True)
    loss = objective.discriminator(x, x) + objective.generator(x, x)
    loss.sum().backward()
    assert torch.isfinite(loss).all()
    assert torch.isfinite(x.grad).all()


P, Q = np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.35, 0.55])


def play(name: str) -> tuple[float, np.ndarray]:
    """The best discriminator's value of the game between P and Q, and its three logits."""
    objective, p, q = build(name), torch.from_numpy(P), torch.from_numpy(Q)
    logits = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    none = torch.zeros_like(logits)
    optimiser = torch.optim.LBFGS(
        [logits], max_iter=500, tolerance_grad=1e-10, tolerance_change=1e-14, line_search_fn="strong_wolfe"
    )

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        # each loss is a term of the real logits plus a term of the fake ones
        terms = objective.discriminator(logits, none), objective.discriminator(none, logits)
        value = (p * terms[0] + q * terms[1]).sum() - objective.discriminator(none, none)[0]
        value.backward()
        return value

    optimiser.step(loss)
    return -loss().item(), logits.detach().numpy()


@pytest.mark.parametrize("name", ["minimax", "non-saturating"])
def test_the_best_discriminator_sees_the_density_ratio(name: str) -> None:
    """D* = p / (p + q), and the value is 2 JS - log 4 (Goodfellow et al. 2014, proposition 1, theorem 1)."""
    value, logits = play(name)
    np.testing.assert_allclose(sigmoid(logits), P / (P + Q), atol=1e-5)
    middle = (P + Q) / 2
    jensen_shannon = (P * np.log(P / middle) + Q * np.log(Q / middle)).sum() / 2
    assert value == pytest.approx(2 * jensen_shannon - np.log(4), abs=1e-8)


def test_least_squares_finds_its_best_discriminator() -> None:
    """D* = (b p + a q) / (p + q) with a = 0, b = 1 (Mao et al. 2017, eq. (5))."""
    np.testing.assert_allclose(play("least-squares")[1], P / (P + Q), atol=1e-5)


def test_hinge_is_total_variation() -> None:
    """The value at the best discriminator is -2 sum min(p, q) (Lim and Ye 2017, theorem 1)."""
    logits = torch.linspace(
        -2, 2, 401, dtype=torch.float64
    )  # it has a kink at the optimum: searched, not descended
    hinge, far = build("hinge").discriminator, torch.full_like(logits, 1e3)
    real, fake = hinge(logits, -far), hinge(far, logits)
    best = sum((p * real + q * fake).min() for p, q in zip(P, Q, strict=True))
    assert -best.item() == pytest.approx(-2 * np.minimum(P, Q).sum(), abs=1e-9)


@pytest.mark.parametrize("name", DIVERGENCES)
def test_the_value_of_the_game_is_the_divergence(name: str) -> None:
    """max_V of eq. (6) is D_f(P || Q) = sum q f(p / q) (Nowozin et al. 2016, eqs. (2), (4))."""
    expected = (Q * DIVERGENCES[name].f(P / Q)).sum()
    # total variation is reached at infinite logits only
    assert play(name)[0] == pytest.approx(expected, abs=1e-3 if name == "f-total-variation" else 1e-8)


@pytest.mark.parametrize("name", DIVERGENCES)
@pytest.mark.parametrize("logit", [-1.5, -0.2, 0.3, 1.1])
def test_conjugates_are_what_maximising_gives(name: str, logit: float) -> None:
    """f*(t) = max over u of u t - f(u), at t = g(logit)."""
    f, activation, _ = DIVERGENCES[name]
    t = float(activation(np.array(logit)))
    best = minimize_scalar(
        lambda u: f(u) - u * t, bounds=(1e-9, 60), method="bounded", options={"xatol": 1e-10}
    )
    # at a real logit of zero the discriminator's loss is f*(g(v)) - g(0)
    zero, v = torch.zeros(1, dtype=torch.float64), torch.tensor([logit], dtype=torch.float64)
    ours = build(name).discriminator(zero, v).item() + float(activation(np.array(0.0)))
    assert ours == pytest.approx(-best.fun, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "smoothing"), [*((name, 0.0) for name in FORMULAS), *((name, 0.1) for name in SMOOTH)]
)
def test_the_scale_is_what_telling_nothing_and_telling_all_cost(name: str, smoothing: float) -> None:
    objective = build(name, smoothing)
    if objective.scale is None:
        assert name in ("wasserstein", "f-kl", "f-reverse-kl", "f-pearson")  # without a bound
        return
    outputs = torch.linspace(-12, 12, 961, dtype=torch.float64)
    undecided, best = objective.scale
    assert objective.discriminator(outputs, outputs).min().item() == pytest.approx(undecided, abs=1e-3)
    paid = objective.discriminator(outputs[:, None], outputs[None])
    assert paid.min().item() == pytest.approx(best, abs=1e-3)
