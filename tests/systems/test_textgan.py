"""GAN-CLS and GAN-INT: the losses written out, what a caption's code is, and the way to a picture."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn.functional import leaky_relu, one_hot

from pipeline.data.prepared import Prepared
from pipeline.errors import UserError
from pipeline.fields import image, label, text
from pipeline.inference import Network
from pipeline.inference.cli.infer import main
from pipeline.inference.contract.inputs import Given
from pipeline.networks.captions import Contrary
from pipeline.networks.modulated import CodedBatchNorm2d
from pipeline.systems.textgan import Model
from pipeline.training.run import check
from tests.building import build
from tests.conftest import tiny, write_params
from tests.systems.losses import softplus
from tests.systems.turns import turn_of

CAPTIONS = torch.tensor([[1, 2, 3, 0], [1, 3, 0, 0], [2, 0, 0, 0], [3, 3, 1, 0], [1, 0, 0, 0], [2, 1, 0, 0]])


def built(folder: Path, **changes: Any) -> Model:
    torch.manual_seed(0)
    content = tiny("text-mnist")
    content["model"] |= changes
    content["objective"]["penalty"] = {"name": "none", "weight": 0.0, "every": 1}
    return build(write_params(content, folder), channels=3)


def moved(model: Model) -> tuple[dict[str, torch.Tensor], Any]:
    z = torch.randn(6, model.latent.shape[0], generator=torch.Generator().manual_seed(1))
    turn = turn_of(lambda field: z)
    turn.batch = {"images": torch.rand(6, 3, 32, 32) * 2 - 1, "captions": CAPTIONS}
    return dict(model.step([turn])), turn


def shares_of(captions: torch.Tensor) -> torch.Tensor:
    counts = [[(row == word).sum() for word in range(4)] for row in captions]
    return torch.tensor(counts) / captions.shape[1]


@pytest.mark.parametrize("mismatched", [0.0, 0.5, 0.25])
def test_the_discriminator_pays_for_real_pictures_under_other_captions(
    tmp_path: Path, mismatched: float
) -> None:
    """Reed et al. 2016, algorithm 1, line 10: half and half as published."""
    model = built(tmp_path, mismatched=mismatched, interpolated=0.0)
    moves, turn = moved(model)
    words, judge = shares_of(CAPTIONS), model.caption_discriminator
    fake = model.generator.of_shares(turn.draw(None), words)
    right, wrong = judge(turn.batch["images"], words), judge(turn.batch["images"], words[[5, 0, 1, 2, 3, 4]])
    told = softplus(-right).mean() + mismatched * softplus(wrong).mean()
    told = told + (1 - mismatched) * softplus(judge(fake, words)).mean()
    assert list(moves) == ["caption_discriminator", "generator"]
    assert moves["caption_discriminator"].item() == pytest.approx(told.item(), rel=1e-5)
    assert moves["generator"].item() == pytest.approx(softplus(-judge(fake, words)).mean().item(), rel=1e-5)


def test_the_generator_is_asked_for_what_lies_between_two_captions(tmp_path: Path) -> None:
    """Eq. (5), with beta 0.5, for a share of the batch."""
    model = built(tmp_path, interpolated=0.5)
    moves, turn = moved(model)
    words = shares_of(CAPTIONS)
    words[:3] = (words + words[[5, 0, 1, 2, 3, 4]])[:3] / 2
    fake = model.generator.of_shares(turn.draw(None), words)
    paid = softplus(-model.caption_discriminator(fake, words)).mean()
    assert moves["generator"].item() == pytest.approx(paid.item(), rel=1e-5)


def test_a_code_is_of_the_mean_of_the_words_embeddings(tmp_path: Path) -> None:
    words = built(tmp_path).generator.words
    table = words.embeddings.weight.T
    means = torch.stack([table[row].mean(0) for row in CAPTIONS])
    expected = leaky_relu(means + words.embeddings.bias, 0.2)
    torch.testing.assert_close(words.of_ids(CAPTIONS), expected)
    torch.testing.assert_close(words(words.shares(CAPTIONS)), expected)
    torch.testing.assert_close(words.shares(CAPTIONS), shares_of(CAPTIONS))


def test_a_wrong_caption_is_one_word_off_or_another_images() -> None:
    """Words 1 to 5 are red, green, large, big, small and little; the last caption has none to exchange."""
    words = ["red", "green", "large", "big", "small", "little", "middle"]
    contrary = Contrary(text(words, 3, [[["red"], ["green"]], [["large", "big"], ["small", "little"]]]))
    captions = torch.tensor([[1, 3], [2, 6], [7, 7], [1, 4], [2, 5], [1, 1], [5, 5], [2, 2]])
    rows = one_hot(captions, 8).float().mean(1)
    may = [{(2, 3), (1, 5)}, {(1, 6), (2, 4)}, {(2, 6)}, {(2, 4), (1, 6)}]  # the third: the one before it
    seen = [set() for _ in may]
    for seed in range(40):
        torch.manual_seed(seed)
        wrong = contrary(rows)
        assert torch.equal(wrong[4:], rows.roll(1, 0)[4:])
        for row, found in zip(wrong[:4], seen, strict=True):
            found.add(tuple(row.nonzero().flatten().tolist()))
    assert seen == [{tuple(sorted(pair)) for pair in pairs} for pairs in may]


def test_norms_that_obey_a_code_are_the_same_with_their_statistics_folded() -> None:
    torch.manual_seed(0)
    layer, x, code = CodedBatchNorm2d(4, 6), torch.randn(8, 4, 3, 3), torch.randn(8, 6)
    for _ in range(200):
        layer(x, code)
    normed = (x - x.mean((0, 2, 3), keepdim=True)) / x.std((0, 2, 3), keepdim=True, unbiased=False)
    expected = normed * layer.gain(code)[:, :, None, None] + layer.bias(code)[:, :, None, None]
    torch.testing.assert_close(layer(x, code), expected, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(layer.eval()(x, code), expected, atol=0.02, rtol=0.02)


def test_data_without_captions_are_refused(tmp_path: Path) -> None:
    params = write_params(tiny("text-mnist"), tmp_path)
    data = Prepared(tmp_path, "digits", {"images": image(3, 32), "labels": label([])}, (), {}, "")
    with pytest.raises(UserError, match=r"needs the field captions \(text\), and .* has images, labels"):
        check(params, data)


# What ships


@pytest.fixture
def file(exported: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = exported("text-mnist") / "exported" / "text-mnist.onnx"
    monkeypatch.chdir(tmp_path)
    return found


def told(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    return f"{caught.value.code or 0} {capsys.readouterr().err.strip()}"


@pytest.mark.slow
def test_a_caption_becomes_a_picture(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask = ["--text", "a large slanted three, top left, in red", "--seed", 5, "--out", "three.png"]
    assert told(capsys, file, *ask) == "0 wrote three.png"
    network = Network(file, device="cpu")
    words = network.description.inputs["caption"].about["vocabulary"]
    ids = np.zeros((1, 10), np.int64)
    asked = ["a", "large", "slanted", "three", "top", "left", "in", "red"]
    ids[0, :8] = [1 + words.index(word) for word in asked]
    (expected,) = network.pictures([5], Given({"caption": ids}))
    assert np.array_equal(np.asarray(Image.open("three.png")), expected[0])
    ask = ["--text", "a big red 3", "--text", "a small blue 4", "--out", "two.png"]
    assert told(capsys, file, *ask) == "0 wrote two.png"
    assert Image.open("two.png").size[0] > 32


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ask", "line"),
    [
        (["--text", "a large slanted tree"], "'tree' is no word that text-mnist knows: say three"),
        (["--text", "a " * 11], "11 words: text-mnist takes 1 to 10"),
        (["--text", ", ,"], "0 words: text-mnist takes 1 to 10"),
        ([], "caption is missing: text-mnist (textgan) takes z (latent, --field z=NUMBERS"),
        (["--text", "a", "--field", "caption=red"], "caption is given twice: by --text and by --field"),
        (["--digit", "3"], "text-mnist (textgan) was trained without labels"),
    ],
)
def test_what_it_cannot_draw_is_one_line(
    file: Path, capsys: pytest.CaptureFixture[str], ask: list[str], line: str
) -> None:
    found = told(capsys, file, *ask)
    assert found.startswith("2 gan-infer: ")
    assert line in found
    assert "\n" not in found
    assert not list(Path().glob("*.png"))
