"""SimGAN: its losses written out, its warm-up, and its past images."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus

from pipeline.errors import UserError
from pipeline.fields import image
from pipeline.systems.simgan import Model
from tests.building import build, image_fields
from tests.conftest import tiny, write_params
from tests.systems.turns import turn_of_two_sets


def built(folder: Path, **changes: Any) -> Model:
    torch.manual_seed(0)
    content = tiny("simgan-mnist")
    content["model"] |= {"self_regularisation": 3.0, "warm_up": 0.1, "pool": 4} | changes
    content["train"]["batch"] = 4
    return build(write_params(content, folder))


def turn_of(notes: dict[str, Tensor], index: int = 0, progress: float = 0.5) -> Any:
    return turn_of_two_sets(32, notes, index, progress=progress)


def test_the_losses_are_those_of_the_paper(tmp_path: Path) -> None:
    """Shrivastava et al. 2017, eqs. (2) and (4): each patch is judged on its own."""
    model, notes = built(tmp_path), {}
    turn = turn_of(notes)
    rendered, real = turn.batch["images"], turn.batch["other"]
    moves = dict(model.step([turn]))
    refined = model.refiner(rendered)
    told, known = model.local_discriminator(refined), model.local_discriminator(real)
    assert told.shape[2:].numel() > 1
    changed = (refined - rendered).abs().mean()
    assert list(moves) == ["refiner", "local_discriminator"]
    assert moves["refiner"].item() == pytest.approx((softplus(-told).mean() + 3 * changed).item(), rel=1e-5)
    paid = softplus(told).mean() + softplus(-known).mean()
    assert moves["local_discriminator"].item() == pytest.approx(paid.item(), rel=1e-5)
    assert notes["change_loss"].item() == pytest.approx(changed.item(), rel=1e-5)


def test_at_first_the_refiner_pays_for_change_alone(tmp_path: Path) -> None:
    model, notes = built(tmp_path), {}
    first = dict(model.step([turn_of(notes, progress=0.09)]))
    assert first["refiner"].item() == pytest.approx(3 * notes["change_loss"].item(), rel=1e-5)
    assert "g_loss" in notes  # what it would pay is on record


def test_the_discriminator_is_shown_past_images(tmp_path: Path) -> None:
    model = built(tmp_path)
    list(model.step([turn_of({})]))  # the pool is full now
    turn = turn_of({}, index=1)
    told = dict(model.step([turn]))["local_discriminator"].item()
    made = model.refiner(turn.batch["images"]).detach()
    newest = model.game.critic(model.local_discriminator, (turn.batch["other"],), (made,), turn).item()
    assert told != pytest.approx(newest, rel=1e-6)
    kept = [any(torch.allclose(one, other, atol=1e-5) for one in made) for other in model.past.images]
    assert 0 < sum(kept) < 4


def test_colours_cannot_be_refined_into_grey(tmp_path: Path) -> None:
    fields = image_fields(1, 32, 10) | {"other": image(3, 32)}
    with pytest.raises(UserError, match=r"simgan needs images and other of like channels"):
        Model(write_params(tiny("simgan-mnist"), tmp_path), fields)
