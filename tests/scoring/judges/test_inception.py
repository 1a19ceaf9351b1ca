"""Inception FID and KID against torch-fidelity's own, with random weights in place of the published ones."""

import io
import sys
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import pytest
import torch

import pipeline.data._torchvision  # noqa: F401 - torch-fidelity imports torchvision
from pipeline.data.prepared import Prepared
from pipeline.errors import UserError
from pipeline.files import sha256_of
from pipeline.params import EvaluateParams
from pipeline.scoring.candidates import Images
from pipeline.scoring.evidence import gather, open_generator
from pipeline.scoring.figures import score
from pipeline.scoring.figures.inception import measure
from pipeline.scoring.judges import inception
from pipeline.scoring.judges.inception import Inception
from pipeline.scoring.judges.judge import Judge
from pipeline.scoring.protocol import protocol
from pipeline.scoring.table import key_figures
from tests.scoring.conftest import DIGITS, write_generator

IMAGES = 4
eigvals = np.linalg.eigvals


class Pictures(torch.utils.data.Dataset):
    """Images as `torch_fidelity.calculate_metrics` takes them: uint8 [3, H, W]."""

    def __init__(self, images: np.ndarray) -> None:
        self.images = torch.from_numpy(images)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.images[index]


def pictures(darkest: int) -> np.ndarray:
    """Random grey images, uint8 [IMAGES, 1, 8, 8]."""
    return np.random.default_rng(darkest).integers(darkest, 256, (IMAGES, 1, 8, 8), dtype=np.uint8)


def figures_of(network: Inception, fake: np.ndarray) -> dict[str, dict[str, float | None]]:
    """The figures of samples, with nothing else gathered."""
    return measure({"inception": network, "fake": Images(fake, None)})


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the published file is: a dict of tensors, without batch norm's counters."""
    fidelity = pytest.importorskip("torch_fidelity", reason="torch-fidelity is not installed")

    class Untrained(fidelity.FeatureExtractorInceptionV3):
        def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
            source = torch.Generator().manual_seed(0)
            for module in self.modules():
                if isinstance(module, torch.nn.Conv2d):
                    torch.nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=source)

    nothing = io.BytesIO()
    torch.save({}, nothing)
    nothing.seek(0)
    state = Untrained("untrained", ["2048"], feature_extractor_weights_path=nothing).state_dict()
    path = tmp_path_factory.mktemp("inception") / "weights.pth"
    torch.save({name: value for name, value in state.items() if "num_batches" not in name}, path)
    return path


@pytest.fixture
def published(weights: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The untrained weights, taken for the published ones."""
    monkeypatch.setattr(inception, "CHECKSUM", sha256_of(weights)[:8])
    return weights


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A network that is quickly through, in place of Inception; its weights are any file."""
    pytest.importorskip("torch_fidelity", reason="torch-fidelity is not installed")

    class Small(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> tuple[torch.Tensor]:
            assert (images.dtype, images.shape[1]) == (torch.uint8, 3)
            return (images.float().flatten(1)[:, ::7],)

    path = tmp_path / "small.pth"
    path.write_bytes(b"weights")
    monkeypatch.setattr(inception, "CHECKSUM", sha256_of(path)[:8])
    monkeypatch.setattr(inception, "_network", lambda weights: Small())
    return path


def eigenvalues_of_low_rank(product: np.ndarray) -> np.ndarray:
    """Those that are not 0, of the product of covariances of IMAGES images: all 2048 would take seconds."""
    directions = np.random.default_rng(0).normal(size=(len(product), IMAGES))
    basis, _ = np.linalg.qr(product @ directions)
    return eigvals(basis.T @ product @ basis)


@pytest.mark.slow
def test_the_figures_are_torch_fidelitys(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from torch_fidelity import calculate_metrics

    monkeypatch.setattr(np.linalg, "eigvals", eigenvalues_of_low_rank)
    fake, train, test = (pictures(darkest) for darkest in (60, 1, 0))
    figures = figures_of(Inception(published, train, test), fake)
    for who, images in {"value": fake, "real": train}.items():
        expected = calculate_metrics(
            input1=Pictures(images.repeat(3, axis=1)),
            input2=Pictures(test.repeat(3, axis=1)),
            feature_extractor_weights_path=str(published),
            fid=True,
            kid=True,
            kid_subset_size=IMAGES,
            cuda=torch.cuda.is_available(),
            cache=False,
            save_cpu_ram=True,
            verbose=False,
        )
        fid, kid = expected["frechet_inception_distance"], expected["kernel_inception_distance_mean"]
        assert figures["inception_fid"][who] == pytest.approx(fid, rel=1e-5)
        assert figures["inception_kid"][who] == pytest.approx(kid, rel=1e-5)
    assert figures["inception_fid"]["value"] > 2 * figures["inception_fid"]["real"] > 0


@pytest.mark.slow
def test_the_scores_and_their_protocol_gain_it(
    small: Path, digits: Prepared, judges: dict[str, Judge], bank: np.ndarray, tmp_path: Path
) -> None:
    file = write_generator(tmp_path / "bank.onnx", bank, DIGITS)
    params = EvaluateParams(judge="convolutional", samples=200, seed=1, inception_weights=str(small))
    evidence = gather(open_generator(file, digits), digits, judges, params)
    scores = {"protocol": protocol(file, evidence, digits, params)} | score(evidence)
    for name in ("inception_fid", "inception_kid"):
        assert {"value", "real", "noise"} <= set(scores[name])
    assert scores["inception_fid"]["value"] > scores["inception_fid"]["real"] > 0
    assert scores["protocol"]["inception"] == {"sha256": sha256_of(small)}
    key = key_figures(scores)
    assert key["inception_kid"] == scores["inception_kid"]["value"]
    assert key["protocol"].endswith(f"; Inception {sha256_of(small)[:12]}")


def test_grey_images_are_grey_in_colour(small: Path) -> None:
    grey = [pictures(darkest) for darkest in (1, 0, 60)]
    colour = [images.repeat(3, axis=1) for images in grey]
    first, second = (figures_of(Inception(small, *seen[:2]), seen[2]) for seen in (grey, colour))
    assert first == second


def test_a_missing_file_is_told_with_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"inception_weights: .*none\.pth is not a file; fetch https://github"
    ):
        Inception(tmp_path / "none.pth", pictures(0), pictures(1))


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights-inception-2015-12-05-6726825d.pth"
    path.write_text("<html>404</html>")
    with pytest.raises(UserError, match=r"has the SHA-256 [0-9a-f]{8}\.\.\., not 6726825d"):
        Inception(path, pictures(0), pictures(1))


def test_torch_fidelity_is_asked_for_where_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(b"weights")
    monkeypatch.setattr(inception, "CHECKSUM", sha256_of(path)[:8])
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    with pytest.raises(UserError, match="needs torch-fidelity: `pip install torch-fidelity`"):
        Inception(path, pictures(0), pictures(1))


def test_a_pickle_that_runs_code_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch_fidelity", reason="torch-fidelity is not installed")
    path, witness = tmp_path / "weights.pth", tmp_path / "ran"

    class Harmful:
        def __reduce__(self) -> tuple:
            return Path.touch, (witness,)

    torch.save({"weights": Harmful()}, path)
    monkeypatch.setattr(inception, "CHECKSUM", sha256_of(path)[:8])
    with pytest.raises(UnpicklingError):
        Inception(path, pictures(0), pictures(1))
    assert not witness.exists()
