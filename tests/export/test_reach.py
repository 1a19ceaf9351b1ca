"""How far a network looks, by its graph, and that the file's metadata say so: tiles join to the whole."""

from pathlib import Path

import numpy as np
import pytest
import torch
from onnx import helper
from torch import nn

from pipeline.export.image_to_image import write_image_to_image
from pipeline.export.reach import Reach, reach
from pipeline.export.to_onnx import as_onnx
from pipeline.fields import Field
from pipeline.inference import Network
from pipeline.inference.contract.tiles import cut, pieces, tiles_of
from pipeline.systems.base import Export
from tests.inference.conftest import metadata_of

SIZE = 16


class Skipping(nn.Module):
    """Halves and doubles, beside what went in: no norm."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Sequential(
            nn.ReflectionPad2d(2), nn.Conv2d(1, 4, 5), nn.PReLU(), nn.Conv2d(4, 4, 4, 2, 1)
        )
        self.up = nn.Sequential(nn.LeakyReLU(0.2), nn.ConvTranspose2d(4, 3, 4, 2, 1))
        self.last = nn.Sequential(nn.Conv2d(4, 3, 3, 1, 2, dilation=2), nn.Tanh())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(torch.cat([self.up(self.down(x)), x], 1))


def image(channels: int, size: int) -> Field:
    return Field("image", (channels, size, size), {"range": [-1, 1]})


def exported(network: nn.Module, channels: int = 1, made: tuple[int, int] = (3, SIZE)) -> Export:
    torch.manual_seed(0)
    for weight in network.parameters():
        nn.init.normal_(weight, std=0.2)
    return Export(network, {"image": image(channels, SIZE)}, {"translated": image(*made)})


NORMED = nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(1, 4, 3), nn.InstanceNorm2d(4), nn.Conv2d(4, 3, 1))
LARGER = nn.Sequential(
    nn.Conv2d(1, 16, 5, 1, 2), nn.BatchNorm2d(16), nn.PixelShuffle(2), nn.Conv2d(4, 3, 3, 1, 1)
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "made", "found"),
    [
        (NORMED, (3, SIZE), Reach("InstanceNormalization", 2)),
        (LARGER, (3, 2 * SIZE), Reach(3, 1)),  # 2, and 1/2 by the place in a pixel, 1/2 by the 3x3
    ],
)
def test_the_graph_tells_how_far_a_pixel_looks(
    network: nn.Module, made: tuple[int, int], found: Reach
) -> None:
    export = exported(network, made=made)
    plain, _ = as_onnx(export, 0)
    assert reach(plain) == found


@pytest.mark.slow
def test_no_pixel_further_away_counts_and_the_furthest_does() -> None:
    network = exported(Skipping()).network.eval()
    source = torch.zeros(1, 1, 64, 64, requires_grad=True)
    seen = torch.zeros(64, 64)
    for place in (30, 31):  # either half of a pixel of the halved maps
        (gradient,) = torch.autograd.grad(network(source)[0, :, place, place].sum(), source)
        seen += torch.roll(gradient[0, 0].abs(), (-place, -place), (0, 1)).roll((32, 32), (0, 1))
    rows = seen.sum(1).nonzero().flatten() - 32
    assert max(-rows.min(), rows.max()) == 7


@pytest.mark.slow
def test_tiles_of_an_exported_file_join_to_the_whole(tmp_path: Path) -> None:
    export = exported(Skipping())
    plain, _ = as_onnx(export, 0)
    # 2 of the 5x5, 1 to 2 of the 4x4 that halves, 2 on the way back, 2 of the dilated 3x3
    assert reach(plain) == Reach(7, 3)
    helper.set_model_props(plain, metadata_of([], (1, 8, 8)))
    write_image_to_image(plain, export, 0, tmp_path)
    network = Network(tmp_path / "onnx/model.onnx", "cpu")
    given = np.random.default_rng(0).integers(0, 256, (45, 39, 3), np.uint8)
    (whole,) = pieces(network, given, cut(network.description, 45, 39))
    places = cut(network.description, 45, 39, tiles_of(network.description, 22))
    assert len(places) > 9
    for piece in pieces(network, given, places):
        _, height, width = piece.values.shape
        expected = whole.values[:, piece.top :, piece.left :][:, :height, :width]
        np.testing.assert_allclose(piece.values, expected, atol=1e-5)
