"""A few steps of the loop against the same steps written out: draws, losses, updates, averages."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from pipeline.params import Params
from pipeline.stabilisers.augmentation import augment
from pipeline.streams import seed_of, stream
from pipeline.systems.adversarial import Adversarial
from pipeline.training.distributed import Ranks
from pipeline.training.loop import Loop
from pipeline.training.state import TrainingState
from tests.building import batches_of, image_fields
from tests.conftest import tiny, write_params
from tests.systems.losses import unrolled_generator_loss

COUNT, BATCH, SIZE, CLASSES, SEED = 24, 6, 8, 3, 5
STEPS = 3  # that are compared, of the 8 (or 4, with two discriminator steps each) of the run
CPU = torch.device("cpu")
IMAGES = np.random.default_rng(0).integers(0, 256, (COUNT, 1, SIZE, SIZE), np.uint8)
LABELS = np.arange(COUNT) % CLASSES


def small(system: str = "gan", **changes: Any) -> dict[str, Any]:
    """The content of params.yaml for a run of 8 batches; `changes` to its sections."""
    content = tiny("gan-mnist" if system == "gan" else system)
    content["seed"] = SEED
    content["data"]["size"] = SIZE
    content["model"]["z_dim"] = 4
    # unlike each other in all that there is, so that nothing is mistaken for its sibling unseen
    content["train"] |= {"epochs": 2, "batch": BATCH, "d_steps": 1, "ema_half_life": 0.2}
    content["train"]["players"]["generator"] = {"lr": 0.01, "betas": [0.5, 0.9]}
    content["train"]["players"]["discriminator"] = {"lr": 0.02, "betas": [0.4, 0.8]}
    content["objective"] |= {"name": "non-saturating", "label_smoothing": 0.0, "weight_clip": None}
    for section, change in changes.items():
        content[section] |= change
    return content


def loop_of(params: Params) -> Loop:
    state = TrainingState.fresh(params, image_fields(1, params.data.size, CLASSES), CPU)
    batches = batches_of(IMAGES, LABELS, params.train.batch, params.seed, CPU)
    return Loop(params, state, batches, torch.float32, Ranks(CPU))


class Reference:
    """The run as its papers have it, with torch's optimisers; it shares networks' forward passes alone."""

    def __init__(self, params: Params, model: Adversarial) -> None:
        self.params, self.model = params, model.train()
        train = params.train
        self.steps = train.epochs * (COUNT // BATCH) // train.d_steps
        self.optimisers = {
            name: torch.optim.Adam(getattr(model, name).parameters(), foreach=False, fused=False)
            for name in ("generator", "discriminator")
        }
        self.averaged = self.vector(model.generator)
        self.past: dict[str, list[Tensor]] = {"generator": [], "discriminator": []}
        self.rows: list[list[float]] = []

    @staticmethod
    def vector(network: nn.Module) -> Tensor:
        """All weights in one row."""
        return torch.cat([value.detach().flatten() for value in network.parameters()])

    def towards(self, end: float, step: int) -> float:
        """The linear schedule from 1 to `end`."""
        return 1 + (end - 1) * step / self.steps

    def seen(self, images: Tensor, purpose: str, index: int, step: int) -> Tensor:
        """What the discriminator is shown."""
        chosen = self.params.stabilisers
        if chosen.augmentation:
            images = augment(images, chosen.augmentation, stream(SEED, f"augmentation of {purpose}", index))
        if chosen.instance_noise:
            noise = torch.randn(images.shape, generator=stream(SEED, f"noise on {purpose}", index))
            images = images + chosen.instance_noise * (1 - step / self.steps) * noise
        return images

    def penalty(self, real: Tensor, fake: Tensor, labels: Tensor, index: int, step: int) -> Tensor | float:
        """R1 or the gradient penalty, with the weight that belongs to this step."""
        penalty = self.params.objective.penalty
        if penalty.name == "none" or index % penalty.every:
            return 0.0
        x = real
        if penalty.name == "gradient":
            share = torch.rand((BATCH, 1, 1, 1), generator=stream(SEED, "penalty", index))
            x = share * real + (1 - share) * fake
        x = x.detach().requires_grad_()
        (slope,) = torch.autograd.grad(self.model.discriminator(x, labels).sum(), x, create_graph=True)
        squares = slope.square().sum((1, 2, 3))
        value = squares.mean() / 2 if penalty.name == "r1" else (squares.sqrt() - 1).square().mean()
        end = self.params.train.schedule.penalty
        return penalty.weight * self.towards(end, step) * penalty.every * value

    def drift(self, name: str) -> Tensor | float:
        """The distance from the mean of all past weights; before the first step, from the present ones."""
        weight, network = self.params.stabilisers.historical_averaging, getattr(self.model, name)
        if not weight:
            return 0.0
        now = torch.cat([value.flatten() for value in network.parameters()])
        past = self.past[name]
        return weight * (now - (torch.stack(past).mean(0) if past else now.detach())).square().sum()

    def losses(self, real: Tensor | None, fake: Tensor, side: str) -> Tensor:
        """The game's two losses of logits."""
        match self.params.objective.name, side:
            case "non-saturating", "discriminator":
                return (softplus(-real) + softplus(fake)).mean()
            case "non-saturating", "generator":
                return softplus(-fake).mean()
            case "wasserstein", "discriminator":
                return fake.mean() - real.mean()
            case "wasserstein", "generator":
                return -fake.mean()
            case "relativistic", "discriminator":
                return softplus(fake - real).mean()
            case "relativistic", "generator":
                return softplus(real - fake).mean()
        raise AssertionError(side)

    def update(self, name: str, loss: Tensor, step: int) -> None:
        """One step of Adam on one of the two networks alone."""
        start, schedule = self.params.train.players[name], self.params.train.schedule
        optimiser = self.optimisers[name]
        group = optimiser.param_groups[0]
        group["lr"] = start.lr * self.towards(schedule.lr, step)
        ends = schedule.betas or start.betas
        group["betas"] = tuple(
            one + (end - one) * step / self.steps for one, end in zip(start.betas, ends, strict=True)
        )
        weights = list(getattr(self.model, name).parameters())
        for weight, gradient in zip(weights, torch.autograd.grad(loss, weights), strict=True):
            weight.grad = gradient
        optimiser.step()

    def step(self, step: int) -> None:
        """The discriminator's steps, then the generator's, then the averages."""
        train, model, clip = self.params.train, self.model, self.params.objective.weight_clip
        torch.manual_seed(seed_of(SEED, "dropout", step))
        for index in range(step * train.d_steps, (step + 1) * train.d_steps):
            epoch, position = divmod(index, COUNT // BATCH)
            order = torch.randperm(COUNT, generator=stream(SEED, "shuffle", epoch))
            rows = order[position * BATCH : (position + 1) * BATCH]
            labels = torch.from_numpy(LABELS)[rows]
            z = torch.randn(BATCH, 4, generator=stream(SEED, "latent", index))
            fake = model.sample(z, labels)
            real = self.seen(torch.from_numpy(IMAGES)[rows] / 127.5 - 1, "real", index, step)
            shown = self.seen(fake.detach(), "fake", index, step)
            real_logits, fake_logits = (model.discriminator(x, labels) for x in (real, shown))
            d = self.losses(real_logits, fake_logits, "discriminator")
            extra = self.penalty(real, shown, labels, index, step) + self.drift("discriminator")
            self.update("discriminator", d + extra, step)
            if clip:
                for weight in model.discriminator.parameters():
                    weight.data = weight.data.clip(-clip, clip)
        g, after = self.generator_loss(real, self.seen(fake, "fake to the generator", index, step), labels)
        self.update("generator", g + self.drift("generator"), step)
        self.average(step)
        verdicts = [torch.sigmoid(logits).mean() for logits in (real_logits, fake_logits, after)]
        gap = real_logits.mean() - fake_logits.mean()
        self.rows.append([value.item() for value in (d, g, *verdicts, gap)])

    def generator_loss(self, real: Tensor, fake: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """The generator's loss, and the logits of its images after the discriminator's step."""
        chosen, critic = self.params.stabilisers, self.model.discriminator
        if chosen.unrolled_steps:  # has its own tests
            ahead, optimiser = chosen.unrolled_steps, self.optimisers["discriminator"]
            found = unrolled_generator_loss(self.model, optimiser, ahead, real, fake, labels)
            return found.loss, found.fake_logits
        features = critic.features(fake, labels)
        logits = critic.logits(features, labels)
        of_real = critic.features(real, labels) if chosen.feature_matching else None
        compared = self.params.objective.name == "relativistic"
        g = self.losses(critic(real, labels) if compared else None, logits, "generator")
        if chosen.feature_matching:
            gap = of_real.detach().mean(0) - features.mean(0)
            g = g + chosen.feature_matching * gap.square().sum()
        return g, logits

    def average(self, step: int) -> None:
        """The exponential average, which starts as the first weights, and the plain means."""
        train, now = self.params.train, self.vector(self.model.generator)
        half_life = train.ema_half_life * self.towards(train.schedule.ema_half_life, step) * self.steps
        decay = 0.5 ** (1 / half_life)
        self.averaged = now if step == 0 else decay * self.averaged + (1 - decay) * now
        for name, past in self.past.items():
            past.append(self.vector(getattr(self.model, name)))


R1 = {"name": "r1", "weight": 3.0, "every": 2}
SLOPE = {"name": "gradient", "weight": 2.0, "every": 1}
SCHEDULE = {
    "shape": "linear",
    "begins": 0.0,
    "lr": 0.25,
    "betas": [0.1, 0.7],
    "penalty": 3.0,
    "ema_half_life": 4.0,
}
NOISY = {"instance_noise": 0.5, "augmentation": ["colour", "translation"]}
RUNS = {
    "plain": {},
    "two steps of the discriminator": {"train": {"d_steps": 2}},
    "all settings on the move": {"train": {"schedule": SCHEDULE}, "objective": {"penalty": R1}},
    "a lazy penalty": {"objective": {"penalty": R1 | {"every": 3}}, "train": {"d_steps": 2}},
    "a penalty that draws": {"objective": {"name": "wasserstein", "penalty": SLOPE}},
    "a clipped critic": {"objective": {"name": "wasserstein", "weight_clip": 0.05}, "train": {"d_steps": 2}},
    "a game that compares": {"objective": {"name": "relativistic"}, "stabilisers": NOISY},
    "noise on all that is seen": {"stabilisers": NOISY, "train": {"d_steps": 2}},
    "drawn to the past": {"stabilisers": {"historical_averaging": 0.7}},
    "features that match": {"stabilisers": {"feature_matching": 0.7, "instance_noise": 0.5}},
    "a discriminator ahead": {"stabilisers": {"unrolled_steps": 2}, "model": {"dropout": 0.0}},
}


@pytest.mark.parametrize("changes", RUNS.values(), ids=RUNS)
def test_steps_are_those_that_are_written_out(tmp_path: Path, changes: dict[str, Any]) -> None:
    params = write_params(small(**changes), tmp_path)
    loop = loop_of(params)
    reference = Reference(params, copy.deepcopy(loop.state.model))
    close = {"rtol": 1e-3, "atol": 1e-5}  # a step moves a weight by 1e-2
    for step in range(STEPS):
        loop.step()
        reference.step(step)
        state = loop.state
        for name in ("discriminator", "generator"):
            found, expected = (Reference.vector(getattr(m, name)) for m in (state.model, reference.model))
            torch.testing.assert_close(found, expected, **close)
        averaged = Reference.vector(state.shipped["generator"])
        torch.testing.assert_close(averaged, reference.averaged, **close)
        assert state.shipped is state.averaged.module
    row = loop.row()
    found = [row[name] for name in ("d_loss", "g_loss", "d_real", "d_fake", "d_fake_after", "logit_gap")]
    assert found == pytest.approx(np.mean(reference.rows, axis=0), rel=1e-3, abs=2e-5)
    for name in ("generator", "discriminator"):
        rate = reference.optimisers[name].param_groups[0]["lr"]
        assert row[f"lr_{name}"] == pytest.approx(rate)


def test_a_row_is_the_mean_since_the_last_row(tmp_path: Path) -> None:
    params = write_params(small(train={"d_steps": 2, "epochs": 4}), tmp_path)
    loop, other = loop_of(params), loop_of(params)
    alone = []
    for _ in range(3):
        loop.step()
        other.step()
        alone.append(other.row())
    loop.row()
    for _ in range(2):
        loop.step()
        other.step()
        alone.append(other.row())
    row = loop.row()
    for name in ("d_loss", "g_loss", "logit_gap"):
        assert row[name] == pytest.approx((alone[3][name] + alone[4][name]) / 2, abs=2e-5)
    assert (row["step"], row["images"], row["epoch"]) == (5, 5 * 2 * BATCH, 2.5)
    assert loop.steps == 8  # 4 epochs of 4 batches, two a step


def test_what_is_noted_is_rounded_to_five_places(tmp_path: Path) -> None:
    loop = loop_of(write_params(small(), tmp_path))
    loop.step()
    mean = loop.state.totals[0].item()
    assert loop.row()["d_loss"] == round(mean, 5) != round(mean, 6)


def test_a_loop_trains_a_system_that_was_looked_at(tmp_path: Path) -> None:
    """Dropout and batch norm are those of training, in whatever mode the networks come."""
    params = write_params(small(), tmp_path)
    state = TrainingState.fresh(params, image_fields(1, SIZE, CLASSES), CPU)
    state.model.eval()
    Loop(params, state, batches_of(IMAGES, LABELS, BATCH, SEED, CPU), torch.float32, Ranks(CPU))
    assert all(network.training for network in state.model.modules())


class OfTwo(Ranks):
    """One of two ranks; the other found minus three times what this one did, so the mean is minus that."""

    def average(self, values: list[Tensor]) -> None:
        for value in values:
            value.neg_()


def test_the_step_is_that_of_the_mean_over_all_ranks(tmp_path: Path) -> None:
    """Of Adam's first step only the sign of the gradient is seen: it goes the other way."""
    params = write_params(small(), tmp_path)
    alone, other = loop_of(params), loop_of(params)
    other.ranks = OfTwo(CPU)
    began = Reference.vector(alone.state.model.discriminator)
    moved = []
    for loop in (alone, other):
        loop.step()
        moved.append(Reference.vector(loop.state.model.discriminator) - began)
    assert moved[0].abs().max() > 0.01
    torch.testing.assert_close(moved[1], -moved[0], atol=1e-3, rtol=0)
    torch.testing.assert_close(other.state.totals[0], -alone.state.totals[0])


def test_an_epoch_is_told_to_four_places(tmp_path: Path) -> None:
    loop = loop_of(write_params(small(train={"batch": 8}), tmp_path))  # three batches an epoch
    loop.step()
    assert loop.row()["epoch"] == 0.3333


@pytest.mark.parametrize("ahead", [0, 2])
def test_the_generators_step_leaves_no_gradient_on_the_discriminator(ahead: int, tmp_path: Path) -> None:
    loop = loop_of(write_params(small(stabilisers={"unrolled_steps": ahead}), tmp_path))
    weights = list(loop.state.model.discriminator.parameters())
    own: list[Tensor] = []
    optimiser = loop.state.optimisers["discriminator"]
    optimiser.register_step_post_hook(lambda *_: own.extend(weight.grad.clone() for weight in weights))
    loop.step()
    assert all(torch.equal(weight.grad, one) for weight, one in zip(weights, own, strict=True))
    assert all(weight.requires_grad for weight in weights)


def test_rates_are_scaled_after_a_roll_back(tmp_path: Path) -> None:
    loop = loop_of(write_params(small(), tmp_path))
    loop.state.rate_scale = 0.5
    loop.step()
    row = loop.row()
    assert (row["lr_generator"], row["lr_discriminator"]) == pytest.approx((0.005, 0.01))


def test_the_streams_of_a_step_are_all_different(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No two draws of a run share a stream: what they draw would go together."""
    content = small(stabilisers=NOISY, objective={"name": "wasserstein", "penalty": SLOPE})
    loop = loop_of(write_params(content, tmp_path))
    drawn: list[tuple[int, str, int]] = []

    def listening(seed: int, purpose: str, step: int = 0, device: Any = "cpu") -> torch.Generator:
        drawn.append((seed, purpose, step))
        return stream(seed, purpose, step, device)

    monkeypatch.setattr("pipeline.streams.stream", listening)
    for _ in range(2):
        loop.step()
    purposes = {"latent", "penalty"}
    purposes |= {f"{what} {of}" for what in ("augmentation of", "noise on") for of in ("real", "fake")}
    purposes |= {f"{what} fake to the generator" for what in ("augmentation of", "noise on")}
    assert sorted(drawn) == sorted((SEED, purpose, step) for purpose in purposes for step in range(2))
