"""GAWWN: the losses written out, the way into the frame of a box and back, and a picture in a box."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import grid_sample

from pipeline.inference import Network
from pipeline.inference.cli.infer import main
from pipeline.inference.contract.inputs import Given
from pipeline.networks.frames import Frame
from pipeline.systems.gawwn import Model
from tests.building import build
from tests.conftest import tiny, write_params
from tests.systems.losses import softplus
from tests.systems.turns import turn_of

BOXES = torch.tensor([[0.1, 0.2, 0.3, 0.5], [0.0, 0.0, 1.0, 1.0], [0.4, 0.1, 0.6, 0.3]])


def sampled(maps: torch.Tensor, boxes: torch.Tensor, cells: int) -> torch.Tensor:
    """What of maps is in boxes, which may reach beyond them, by torch's own sampling."""
    middles = (torch.arange(cells) + 0.5) / cells
    across, down = ((boxes[:, axis, None] + boxes[:, axis + 2, None] * middles) * 2 - 1 for axis in (0, 1))
    shape = (len(boxes), cells, cells)
    grid = torch.stack([across[:, None].expand(shape), down[:, :, None].expand(shape)], -1)
    return grid_sample(maps, grid, align_corners=False)


def test_a_frame_samples_as_a_grid_does_and_the_way_back_is_that_of_the_inverse_box() -> None:
    torch.manual_seed(0)
    whole, inner = torch.randn(3, 2, 16, 16), torch.randn(3, 2, 8, 8)
    wider = torch.cat([BOXES[:, :2] - 0.25 * BOXES[:, 2:], 1.5 * BOXES[:, 2:]], 1)
    torch.testing.assert_close(Frame(8, 16, 0.25).cut(whole, BOXES), sampled(whole, wider, 8))
    inverse = torch.cat([-BOXES[:, :2] / BOXES[:, 2:], 1 / BOXES[:, 2:]], 1)
    torch.testing.assert_close(Frame(8, 16).placed(inner, BOXES), sampled(inner, inverse, 16))


def built(folder: Path, **changes: Any) -> Model:
    torch.manual_seed(0)
    content = tiny("gawwn-mnist")
    content["model"] |= changes
    content["objective"]["penalty"] = {"name": "none", "weight": 0.0, "every": 1}
    return build(write_params(content, folder), channels=3)


def test_the_discriminator_pays_for_real_pictures_under_other_captions_and_in_other_boxes(
    tmp_path: Path,
) -> None:
    model = built(tmp_path, mismatched=0.5, interpolated=0.0)
    z = torch.randn(6, model.latent.shape[0])
    turn = turn_of(lambda field: z)
    captions, boxes = torch.tensor([[1, 2, 3, 0], [1, 3, 0, 0], [2, 0, 0, 0]] * 2), BOXES.repeat(2, 1)
    turn.batch = {"images": torch.rand(6, 3, 32, 32) * 2 - 1, "captions": captions, "boxes": boxes}
    moves = dict(model.step([turn]))
    words, judge = model.generator.words.shares(captions), model.caption_discriminator
    before = [5, 0, 1, 2, 3, 4]
    wrong_words, wrong_boxes = words[[5, 0, 1, 3, 4, 5]], boxes[[0, 1, 2, *before[3:]]]
    fake = softplus(judge(model.generator.of_shares(z, words, boxes), words, boxes)).mean()
    told = softplus(-judge(turn.batch["images"], words, boxes)).mean() + fake / 2
    told = told + softplus(judge(turn.batch["images"], wrong_words, wrong_boxes)).mean() / 2
    assert moves["caption_discriminator"].item() == pytest.approx(told.item(), rel=1e-5)


def test_what_the_region_draws_lies_in_the_box(tmp_path: Path) -> None:
    """With a global path that says nothing, what changes with z changes there alone, but for a rim."""
    model = built(tmp_path).eval()
    for weight in model.generator.whole.parameters():
        weight.data.zero_()
    code, box = torch.randn(2, model.model.text_width), torch.tensor([[0.25, 0.5, 0.25, 0.375]])
    with torch.no_grad():
        one, other = (
            model.generator._image(torch.randn(1, 64), code[row : row + 1], box) for row in range(2)
        )
    changed = (one - other).abs().amax((0, 1)) > 1e-6
    rows, columns = changed.any(1).nonzero(), changed.any(0).nonzero()
    assert changed[20:24, 10:14].any()
    assert rows.min() >= 16 - 6
    assert rows.max() < 28 + 6
    assert columns.min() >= 8 - 6
    assert columns.max() < 16 + 6


@pytest.mark.slow
def test_a_caption_and_a_box_become_a_picture_and_what_is_no_box_is_one_line(
    exported: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = exported("gawwn-mnist") / "exported" / "gawwn-mnist.onnx"
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()

    def told(*arguments: object) -> str:
        with pytest.raises(SystemExit) as caught:
            main([str(argument) for argument in (file, "--text", "a slanted red three", *arguments)])
        return f"{caught.value.code or 0} {capsys.readouterr().err.strip()}"

    assert told("--box", "0.1,0.2,0.4,0.5", "--out", "three.npy") == "0 wrote three.npy"
    network = Network(file, device="cpu")
    words = network.description.inputs["caption"].about["vocabulary"]
    ids = np.zeros((1, 10), np.int64)
    ids[0, :4] = [1 + words.index(word) for word in ("a", "slanted", "red", "three")]
    box = np.array([[0.1, 0.2, 0.4, 0.5]], np.float32)
    (expected,) = network.pictures([0], Given({"caption": ids, "box": box}))
    assert np.array_equal(np.load("three.npy").reshape(expected.shape), expected)
    refused = told("--box", "0.7,0,0.4,0.5")
    assert refused.startswith("2 gan-infer: --box 0.7,0,0.4,0.5: box 0.7, 0, 0.4, 0.5: say left, top, width")
    assert "2 gan-infer: box is missing: gawwn-mnist (gawwn) takes z (latent" in told()
