"""CycleGAN: its losses written out, its past images, and a run from pixels to the file."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from pipeline.errors import UserError
from pipeline.networks.patches import PatchDiscriminator
from pipeline.networks.pool import ImagePool
from pipeline.systems.cyclegan import Model
from tests.building import build
from tests.conftest import tiny, write_params
from tests.systems.turns import turn_of_two_sets


def built(folder: Path, classes: int = 10, **changes: Any) -> Model:
    torch.manual_seed(0)
    content = tiny("cyclegan-digits")
    content["model"] |= {"cycle": 3.0, "identity": 0.5, "pool": 4} | changes
    content["train"]["batch"] = 4
    if content["model"]["keep_labels"]:
        content["train"]["players"]["classifier"] = {"lr": 2e-4, "betas": [0.5, 0.999]}
    return build(write_params(content, folder), classes=classes)


def turn_of(notes: dict[str, Tensor], index: int = 0) -> Any:
    turn = turn_of_two_sets(16, notes, index)
    turn.batch["labels"] = torch.tensor([3, 1, 4, 1])
    return turn


def test_the_losses_are_those_of_the_paper(tmp_path: Path) -> None:
    """Zhu et al. 2017, eqs. (1) to (3), with halved least squares, and section 5.2."""
    model, notes = built(tmp_path), {}
    turn = turn_of(notes)
    a, b = turn.batch["images"], turn.batch["other"]
    moves = dict(model.step([turn]))
    there, back = model.there, model.back
    judged = model.judge_other(there(a)), model.judge_images(back(b))
    fooled = sum(((logits - 1) ** 2).mean() / 2 for logits in judged)
    cycle = (back(there(a)) - a).abs().mean() + (there(back(b)) - b).abs().mean()
    same = (there(b) - b).abs().mean() + (back(a) - a).abs().mean()
    told = sum(
        ((judge(real) - 1) ** 2).mean() / 2 + (judge(fake) ** 2).mean() / 2
        for judge, real, fake in ((model.judge_images, a, back(b)), (model.judge_other, b, there(a)))
    )
    assert list(moves) == ["generators", "discriminators"]
    assert moves["generators"].item() == pytest.approx((fooled + 3 * (cycle + 0.5 * same)).item(), rel=1e-5)
    assert moves["discriminators"].item() == pytest.approx(told.item(), rel=1e-5)
    assert notes["cycle_loss"].item() == pytest.approx(cycle.item(), rel=1e-5)
    assert notes["identity_loss"].item() == pytest.approx(same.item(), rel=1e-5)


def test_a_classifier_has_to_read_the_translation_as_the_same_class(tmp_path: Path) -> None:
    """Bousmalis et al. 2017, eqs. (2) and (3): the classifier learns from images and from translations."""
    notes: dict[str, Tensor] = {}
    turn = turn_of(notes)
    a, labels = turn.batch["images"], turn.batch["labels"]
    plain = dict(built(tmp_path).step([turn]))
    model = built(tmp_path, keep_labels=2.0)
    moves = dict(model.step([turn]))
    made, plainly = (cross_entropy(model.classifier(seen), labels) for seen in (model.there(a), a))
    assert list(moves) == ["generators", "discriminators", "classifier"]
    assert moves["generators"].item() - plain["generators"].item() == pytest.approx(2 * made.item(), rel=1e-4)
    assert moves["classifier"].item() == pytest.approx((made + plainly).item() / 2, rel=1e-5)
    assert notes["kept_loss"].item() == pytest.approx(made.item(), rel=1e-5)
    assert notes["classifier_loss"] == moves["classifier"]
    moves["classifier"].backward()
    assert all(weight.grad is None for weight in model.there.parameters())  # it does not move the generator


def test_discriminators_are_shown_past_images(tmp_path: Path) -> None:
    model = built(tmp_path)
    list(model.step([turn_of({})]))  # the pools are full now
    turn = turn_of({}, index=1)
    dict(model.step([turn]))
    made = model.there(turn.batch["images"]).detach()
    kept = [any(torch.allclose(image, one, atol=1e-5) for one in made) for image in model.past_other.images]
    assert 0 < sum(kept) < 4


def test_each_pool_draws_from_a_stream_of_its_own(tmp_path: Path) -> None:
    """Else the two discriminators would always be shown past images of the same rows."""
    turn, asked = turn_of({}), []
    source = turn.stream
    turn.stream = lambda purpose: asked.append(purpose) or source(purpose)
    list(built(tmp_path).step([turn]))
    assert len(set(asked)) == len(asked) == 2


def test_a_pool_keeps_what_comes_until_it_is_full_and_then_exchanges_half() -> None:
    pool, source = ImagePool(50, (1, 1, 1)), torch.Generator().manual_seed(0)
    old, shown = 0, 0
    for index in range(400):
        new = torch.full((4, 1, 1, 1), float(index)) + torch.arange(4)[:, None, None, None] / 10
        given = pool.exchange(new, 4 * index, source)
        everything = torch.cat([given, pool.images]).flatten().tolist()
        if index < 12:
            assert torch.equal(given, new)
        assert set(new.flatten().tolist()) <= set(everything)  # each is shown or kept: none is lost at once
        if index >= 50:
            old, shown = old + (given != new).sum().item(), shown + 4
    assert old / shown == pytest.approx(0.5, abs=0.05)


def test_without_a_pool_the_newest_are_shown(tmp_path: Path) -> None:
    new = torch.rand(4, 1, 2, 2)
    assert ImagePool(0, (1, 2, 2)).exchange(new, 0, torch.Generator()) is new


@pytest.mark.parametrize(("halvings", "patch"), [(1, 16), (2, 34), (3, 70)])
def test_a_logit_sees_a_patch(halvings: int, patch: int) -> None:
    image = torch.rand(1, 1, 128, 128, requires_grad=True)
    network = PatchDiscriminator(1, 2, halvings)
    norms = [layer for layer in network.modules() if isinstance(layer, torch.nn.InstanceNorm2d)]
    for norm in norms:  # which looks at the whole picture
        norm.forward = lambda x: x
    logits = network(image)
    middle = logits.shape[2] // 2
    logits[0, 0, middle, middle].backward()
    seen = image.grad[0, 0].abs().sum(0).nonzero()
    assert seen.max() - seen.min() + 1 == patch


def test_what_the_networks_cannot_do_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"model\.halvings: 3 leave nothing of an image of 16 .* at most 2"):
        built(tmp_path, halvings=3)
    with pytest.raises(UserError, match=r"model\.pool: 2 images are fewer than a batch of 4"):
        built(tmp_path, pool=2)
    with pytest.raises(UserError, match=r"keep_labels: must be 0: the images of digits_negatives have no"):
        built(tmp_path, classes=0, keep_labels=1.0)
    content = tiny("cyclegan-digits")
    content["train"]["processes"] = 2
    with pytest.raises(UserError, match=r"train\.processes: must be 1: each process would keep past images"):
        write_params(content, tmp_path)
