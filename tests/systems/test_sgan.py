"""The semi-supervised GAN: its losses written out, its labelled rows, weights that start from the data."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.data.prepared import Prepared, Table
from pipeline.errors import UserError
from pipeline.networks.weight_norm import normed_linear, plain, start_from
from pipeline.systems.sgan import Model
from pipeline.training.state import TrainingState
from tests.building import build, image_fields
from tests.conftest import tiny, write_params


def built(folder: Path, **changes: Any) -> Model:
    torch.manual_seed(0)
    content = tiny("sgan-mnist")
    content["data"]["size"] = 8
    content["model"] |= {"discriminator_widths": [12, 7], "hidden": 6} | changes
    return build(write_params(content, folder), classes=3)


def test_the_unlabelled_loss_is_that_of_a_class_more_whose_logit_is_0(tmp_path: Path) -> None:
    """-log p(a class | x) and -log p(none | G(z)), halved: Salimans et al. 2016, section 5."""
    real, fake = torch.randn(5, 3), torch.randn(4, 3)
    chances = [torch.cat([logits, torch.zeros(len(logits), 1)], 1).softmax(1) for logits in (real, fake)]
    expected = (-(1 - chances[0][:, 3]).log().mean() - chances[1][:, 3].log().mean()) / 2
    assert Model.unlabelled_loss(real, fake).item() == pytest.approx(expected.item(), rel=1e-5)


def test_moves_are_made_of_labels_images_and_features(tmp_path: Path) -> None:
    model, notes = built(tmp_path, input_noise=0.0, noise=0.0).eval(), {}
    z, labels = torch.rand(6, 100), torch.tensor([0, 2, 1, 1, 0, 2])
    batch = {name: torch.rand(6, 1, 8, 8) for name in ("images", "labelled", "matched")} | {"classes": labels}
    turn = SimpleNamespace(batch=batch, step=1, draw=lambda _: z, note=lambda **said: notes.update(said))
    moves = dict(model.step([turn]))
    critic, fake = model.classifier, model.generator(z)
    labelled = -critic(batch["labelled"])[torch.arange(6), labels].log().mean()
    logits = [critic.logits(critic.features(images)) for images in (batch["images"], fake)]
    gap = critic.features(batch["matched"]).mean(0) - critic.features(fake).mean(0)
    paid = labelled + Model.unlabelled_loss(*logits)
    assert moves["discriminator"].item() == pytest.approx(paid.item(), rel=1e-5)
    assert moves["generator"].item() == pytest.approx(gap.square().mean().item(), rel=1e-4)
    assert notes["labelled_loss"].item() == pytest.approx(labelled.item(), rel=1e-5)


def test_labelled_rows_are_as_many_of_each_class_and_none_is_set_aside(tmp_path: Path) -> None:
    labels = np.arange(60) % 3
    np.save(tmp_path / "train_labels.npy", labels)
    table = Table(("images", "labels"), {"train": {"total": 50}}, list(range(10)))
    data = Prepared(tmp_path, "digits", image_fields(1, 8, 3), (table,), {}, "")
    (every, rows), (few, chosen), again = built(tmp_path, labels=12).tables(data)
    assert list(every) == ["images", "labels"]
    assert few == {"labelled": "images", "classes": "labels"}
    assert again[0] == {"matched": "images"}  # shuffled apart
    np.testing.assert_array_equal(again[1], rows)
    assert np.bincount(labels[chosen]).tolist() == [4, 4, 4]
    assert len(set(chosen)) == 12
    assert set(chosen) <= set(rows) == set(range(10, 60))


def test_the_first_batch_sets_mean_0_and_deviation_1_layer_by_layer() -> None:
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        normed_linear(9, 5, learns_gain=False), torch.nn.ReLU(), normed_linear(5, 4, learns_gain=True)
    )
    x = 3 * torch.randn(400, 9) + 2
    start_from(network, lambda: network(x))
    first = network[0](x)
    second = network[2](torch.relu(first))
    for outputs in (first, second):
        torch.testing.assert_close(outputs.mean(0), torch.zeros(outputs.shape[1]), atol=1e-5, rtol=0)
        torch.testing.assert_close(outputs.std(0), torch.ones(outputs.shape[1]), atol=1e-4, rtol=0)


def test_what_ships_has_plain_weights_and_leaves_the_others_alone() -> None:
    network = torch.nn.Sequential(normed_linear(9, 5, learns_gain=False))
    x = torch.randn(3, 9)
    copied = plain(network)
    assert set(copied.state_dict()) == {"0.weight", "0.bias"}
    torch.testing.assert_close(copied(x), network(x))


def test_fewer_labels_than_classes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"model\.labels: 2 for 3 classes"):
        built(tmp_path, labels=2)


def test_gains_are_learnt_in_the_last_layer_alone(tmp_path: Path) -> None:
    """Else features grow, and with them the distance that the generator is to close."""
    learnt = [name for name, _ in built(tmp_path).classifier.named_parameters() if name.endswith("original0")]
    assert learnt == ["last.parametrizations.weight.original0"]


def test_adam_of_the_published_code_adds_1e_8_under_the_root(tmp_path: Path) -> None:
    """A step then is lr m / sqrt(v + 1e-8): 1e-4 beside the root, where gradients are small."""
    content = tiny("sgan-mnist")
    content["data"]["size"] = 8
    params = write_params(content, tmp_path)
    state = TrainingState.fresh(params, image_fields(1, 8, 3), torch.device("cpu"))
    assert {group["eps"] for adam in state.optimisers.values() for group in adam.param_groups} == {1e-4}
