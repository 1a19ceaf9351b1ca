"""Eight Gaussians on a ring (Metz et al. 2017, section 3.1): which modes does each objective cover?

The real loop, with points of the plane for images and small dense networks.
"""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pipeline.fields import Field, label
from pipeline.params import Params
from pipeline.streams import stream
from pipeline.systems.adversarial import Adversarial, DiscriminatorBase
from pipeline.training.distributed import Ranks
from pipeline.training.loop import Loop
from pipeline.training.state import TrainingState
from tests.conftest import tiny, write_params

MODES, DEVIATION, WIDTH = 8, 0.05, 64
STEPS = 400  # of the generator; a clipped critic, which learns slowly, makes twice as many at half the rate


class Ring:
    """Batches of points [N, 2, 1, 1], each from one of the eight."""

    share = slice(None)  # of each batch: all

    def __init__(self, params: Params) -> None:
        self.batch = params.train.batch
        self.per_epoch = (2 if params.objective.weight_clip else 1) * STEPS * params.train.d_steps

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        source = stream(0, "ring", index)
        labels = torch.randint(MODES, (self.batch,), generator=source)
        points = centres()[labels] + DEVIATION * torch.randn(self.batch, 2, generator=source)
        return {"images": points.reshape(-1, 2, 1, 1), "labels": labels * 0}


def centres() -> Tensor:
    angles = torch.arange(MODES) * (2 * math.pi / MODES)
    return torch.stack([angles.cos(), angles.sin()], dim=1)


class Generator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(16, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 2)
        )

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        return self.layers(z).reshape(-1, 2, 1, 1)


class Discriminator(DiscriminatorBase):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(2, WIDTH), nn.LeakyReLU(0.2), nn.Linear(WIDTH, WIDTH), nn.LeakyReLU(0.2)
        )
        self.last = nn.Linear(WIDTH, 1)

    def features(self, x: Tensor, labels: Tensor) -> Tensor:
        return self.layers(x)

    def head(self, features: Tensor, labels: Tensor) -> Tensor:
        return self.last(features).squeeze(1)


def trained(params: Params) -> Adversarial:
    torch.manual_seed(0)
    fields = {"images": Field("image", (2, 1, 1)), "labels": label([])}
    model = Adversarial(params, fields, Generator(), Discriminator())
    adam = {
        name: torch.optim.Adam(network.parameters(), lr=1e-3, betas=(0.0, 0.9), fused=True)
        for name, network in model.players().items()
    }
    count = len(model.statistics)
    state = TrainingState(model, None, adam, {}, torch.zeros(count), [0] * count)
    loop = Loop(
        params,
        state,
        Ring(params),
        torch.float32,
        Ranks(torch.device("cpu")),
    )
    for _ in range(loop.steps):
        loop.step()
    return model


@torch.no_grad()
def covered(model: Adversarial) -> tuple[int, float]:
    """How many modes have a fiftieth of the samples within 4 deviations, and the share of such samples."""
    z = torch.randn(4000, 16, generator=stream(1, "ring samples"))
    points = model.eval().sample(z, torch.zeros(len(z), dtype=torch.int64)).reshape(-1, 2)
    distances, nearest = torch.cdist(points, centres()).min(1)
    near = distances < 4 * DEVIATION
    counts = torch.bincount(nearest[near], minlength=MODES)
    return int((counts >= len(points) / 50).sum()), near.float().mean().item()


R1 = {"name": "r1", "weight": 0.5, "every": 1}
NONE = {"name": "none", "weight": 0.0, "every": 1}
CRITIC = {"name": "gradient", "weight": 1.0, "every": 1}
BOTH = {"name": "r1-r2", "weight": 0.5, "every": 1}

# objective, what goes with it, and steps of the discriminator a step
GAMES: list[tuple[str, dict[str, Any], int]] = [
    ("minimax", {"penalty": R1}, 1),
    ("non-saturating", {"penalty": R1}, 1),
    ("least-squares", {"penalty": R1}, 1),
    ("hinge", {"penalty": R1}, 1),
    ("wasserstein", {"penalty": CRITIC}, 3),
    ("wasserstein", {"penalty": NONE, "weight_clip": 0.1}, 5),
    ("relativistic", {"penalty": BOTH}, 1),
    ("f-kl", {"penalty": R1}, 1),
    ("f-reverse-kl", {"penalty": R1}, 1),
    ("f-js", {"penalty": R1}, 1),
    ("f-squared-hellinger", {"penalty": R1}, 1),
    ("f-pearson", {"penalty": R1}, 1),
    ("f-total-variation", {"penalty": R1}, 1),
]


def on_the_ring(folder: Path, objective: dict[str, Any], **train: Any) -> dict[str, Any]:
    """The content of a params.yaml for the ring, to be changed further."""
    content = tiny("gan-mnist")
    content["objective"] |= {"label_smoothing": 0.0} | objective
    content["model"]["z_dim"] = 16
    adam = {"lr": 1e-3 if "weight_clip" in objective else 2e-3, "betas": [0.0, 0.9]}
    players = {"generator": adam, "discriminator": adam}
    content["train"] |= {"epochs": 1, "batch": 128, "players": players} | train
    return content


@pytest.mark.slow
@pytest.mark.parametrize(("name", "companions", "d_steps"), GAMES)
def test_every_objective_covers_all_eight_modes(
    name: str, companions: dict[str, Any], d_steps: int, tmp_path: Path
) -> None:
    content = on_the_ring(tmp_path, {"name": name} | companions, d_steps=d_steps)
    modes, near = covered(trained(write_params(content, tmp_path)))
    assert modes == MODES
    assert near > 0.3  # a plane filled evenly has about a tenth there


@pytest.mark.slow
def test_a_generator_that_outruns_its_discriminator_collapses_and_unrolling_cures_it(tmp_path: Path) -> None:
    """Metz et al. 2017, figure 2."""
    fast, slow = ({"lr": lr, "betas": [0.5, 0.999]} for lr in (2e-3, 2e-4))
    game = {"name": "non-saturating", "penalty": NONE}
    content = on_the_ring(tmp_path, game, players={"generator": fast, "discriminator": slow})
    collapsed, _ = covered(trained(write_params(content, tmp_path)))
    content["stabilisers"]["unrolled_steps"] = 5
    cured, _ = covered(trained(write_params(content, tmp_path)))
    assert collapsed <= 2
    assert cured == MODES
