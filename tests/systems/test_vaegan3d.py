"""3D-VAE-GAN: its losses written out, its encoder, and what ships: a picture in, a volume out."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from pipeline.data.prepared import Prepared
from pipeline.inference.cli import infer as cli
from pipeline.kinds.voxels import filled
from pipeline.loading import load
from pipeline.networks.initialisation import DRAWN
from pipeline.params import EvaluateParams
from pipeline.places import prepared_dir
from pipeline.scoring.evidence import gather, open_generator
from pipeline.scoring.pictures import translations
from pipeline.systems.vaegan3d import Encoder, Model
from tests.building import build
from tests.conftest import tiny, write_params
from tests.systems.losses import softplus


def built(folder: Path) -> Model:
    torch.manual_seed(0)
    content = tiny("silhouettes")
    content["model"] |= {"kl": 5.0, "squared_error": 0.5, "z_dim": 3}
    content["objective"]["penalty"] = {"name": "none", "weight": 0, "every": 1}
    model = build(write_params(content, folder)).eval()
    for layer in model.modules():  # as they start, all volumes are alike
        if isinstance(layer, DRAWN):
            nn.init.kaiming_normal_(layer.weight)
    return model


def test_the_losses_are_those_of_the_paper(tmp_path: Path) -> None:
    """Wu et al. 2016, section 3.3; half of the fakes are volumes of pictures, half of the prior's codes."""
    model, notes = built(tmp_path), {}
    volume, source = torch.rand(4, 1, 16, 16, 16).round(), torch.rand(4, 1, 32, 32) * 2 - 1
    noise = {"posterior": torch.randn(4, 3), "latent": torch.randn(4, 3)}
    turn = SimpleNamespace(
        batch={"images": volume, "source": source},
        index=0,
        draw=lambda field, purpose="latent": noise[purpose],
        note=lambda **said: notes.update(said),
    )
    moves = dict(model.step([turn]))
    generator, judge = model.autoencoder.generator, model.volume_discriminator
    mean, log_variance = model.autoencoder.encoder(source)
    seen = generator(mean + log_variance.exp().sqrt() * noise["posterior"])
    fakes = judge(torch.cat([seen[2:], generator(noise["latent"][:2])]))
    told = softplus(-judge(volume)).mean() + softplus(fakes).mean()
    error = ((seen - volume) ** 2).sum() / 4
    kl = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum() / 4
    paid = softplus(-fakes).mean() + 5 * kl + 0.5 * error
    assert list(moves) == ["volume_discriminator", "autoencoder"]
    assert moves["volume_discriminator"].item() == pytest.approx(told.item(), rel=1e-5)
    assert moves["autoencoder"].item() == pytest.approx(paid.item(), rel=1e-5)
    assert notes["squared_error_loss"].item() == pytest.approx(error.item(), rel=1e-5)
    assert notes["kl_loss"].item() == pytest.approx(kl.item(), rel=1e-4)
    assert torch.equal(model.autoencoder(source), generator(mean))  # what ships


def test_the_encoder_has_the_published_maps_in_five_strided_convolutions() -> None:
    encoder = Encoder(1, 64, 200)
    maps = [(layer.out_channels, layer.stride) for layer in encoder.layers if isinstance(layer, nn.Conv2d)]
    assert maps == [(width, (2, 2)) for width in (64, 128, 256, 512)]
    assert encoder.mean.stride == encoder.log_variance.stride == (2, 2)
    assert [each.shape for each in encoder(torch.rand(2, 1, 32, 32))] == [(2, 200)] * 2


@pytest.fixture(scope="module")
def project(exported: Callable[[str], Path]) -> Path:
    """One with the preset trained and exported in small."""
    return exported("silhouettes")


@pytest.mark.slow
def test_a_picture_of_any_size_becomes_a_volume_in_any_form(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    picture = np.zeros((64, 96), np.uint8)
    picture[16:48, 40:60] = 255
    Image.fromarray(picture).save("chair.png")
    files = project / "exported"
    for ending in ("npy", "gif", "obj", "vox", "png"):
        with pytest.raises(SystemExit) as left:
            cli.main([str(files / "silhouettes.onnx"), "--image", "chair.png", "--out", f"made.{ending}"])
        assert (left.value.code or 0, capfd.readouterr().err) == (0, f"wrote made.{ending}\n")
    (volume,) = np.load("made.npy")
    assert volume.shape == (16, 16, 16)
    with pytest.raises(SystemExit):
        cli.main([str(files / "silhouettes.parts/volumes.onnx"), "--seed", "1", "--out", "drawn.npy"])
    assert np.load("drawn.npy").shape == (1, 16, 16, 16)


@pytest.mark.slow
def test_scores_hold_volumes_against_those_of_the_nearest_silhouettes(project: Path) -> None:
    params = load(project / "params.yaml")
    data = Prepared.open(project / prepared_dir(params.data))
    judge = SimpleNamespace(features_and_logits=lambda images: (np.zeros((len(images), 2)),) * 2)
    network = open_generator(project / "exported/silhouettes.onnx", data)
    asked = EvaluateParams(judge="one", samples=100, seed=1, inception_weights=None)
    evidence = gather(network, data, {"one": judge}, asked)
    found = evidence["translated"]
    sources, truths = data.part("source", "test"), data.images("test")
    learnt = data.part("source", "train").astype(np.float64)
    for row in range(5):
        (place,) = np.flatnonzero((truths == found.truth.images[row]).all((1, 2, 3, 4)))
        given = sources[place]
        assert np.array_equal(found.source.images[row], given)
        (voxels,) = network.compute({"image": given[None].astype(np.float32) / 127.5 - 1}).values()
        assert np.array_equal(found.made.images[row, 0] > 0, filled(voxels)[0])
        nearest = ((learnt - given) ** 2).sum((1, 2, 3)).argmin()
        assert np.array_equal(found.untouched.images[row], data.images("train")[nearest])
    assert translations(*found[:3]).size[0] == 16 * 97 - 1
